"""Wrapped clients of language models: real packages against a server on this machine."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from llm_server import CACHED, INPUT, OUTPUT, REASONING, serving

from jevons.core.errors import BadInput, JevonsError
from jevons.integrations import wrap
from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.llm_adapters import Usage, adapter_of, counts, host_provider, usage_of
from means import needs

ASKED = [{"role": "user", "content": "hello"}]
WHOLE = Usage(INPUT, OUTPUT, CACHED, REASONING)
PLAIN = Usage(INPUT, OUTPUT, 0.0, 0.0)


@pytest.fixture(scope="module")
def url():
    with serving() as address:
        yield address


def drained(stream: Any) -> Any:
    for _ in stream:
        pass
    return stream


async def drained_later(stream: Any) -> Any:
    async for _ in stream:
        pass
    return stream


@pytest.fixture
def openai(url):
    return wrap(needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0), provider="openai", at="FRA")


# ---- OpenAI


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.chat.completions.create(model="gpt-4o", messages=ASKED),
        lambda c: c.responses.create(model="gpt-4o", input="hello"),
        lambda c: drained(c.responses.create(model="gpt-4o", input="hello", stream=True)),
        lambda c: drained(c.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True, stream_options={"include_usage": True})),
        lambda c: c.with_options(timeout=5).chat.completions.create(model="gpt-4o", messages=ASKED),
    ],
    ids=["chat", "responses", "responses streamed", "chat streamed", "options changed"],
)  # fmt: skip
def test_a_reply_of_openai_carries_its_footprint(openai, call):
    found = call(openai).footprint
    assert found.usage == WHOLE
    assert found.energy_kwh > 0
    assert found.climate_kg > 0
    assert found.water_l > 0
    assert found.note == ""


def test_embeddings_count_their_input(openai):
    found = openai.embeddings.create(model="text-embedding-3-small", input="a").footprint
    assert found.usage == Usage(INPUT, 0.0)
    assert 0 < found.energy_kwh < openai.chat.completions.create(model="gpt-4o", messages=ASKED).footprint.energy_kwh


def test_an_async_client_answers_with_footprints_too(url):
    client = wrap(needs("openai").AsyncOpenAI(base_url=f"{url}/v1", api_key="x"), provider="openai")

    async def both() -> tuple[Any, Any]:
        whole = await client.chat.completions.create(model="gpt-4o", messages=ASKED)
        stream = await client.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True, stream_options={"include_usage": True})
        return whole.footprint, (await drained_later(stream)).footprint

    whole, streamed = asyncio.run(both())
    assert whole.usage == streamed.usage == WHOLE


def test_a_helper_that_opens_a_stream_is_metered(openai):
    with openai.chat.completions.stream(model="gpt-4o", messages=ASKED, stream_options={"include_usage": True}) as stream:
        drained(stream)
    assert stream.footprint.usage == WHOLE


def test_the_reply_stays_what_it_was(openai):
    reply = openai.chat.completions.create(model="gpt-4o", messages=ASKED)
    assert type(reply).__name__ == "ChatCompletion"
    assert "footprint" not in reply.model_dump()


def test_the_client_is_not_touched(url):
    client = needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x")
    create = type(client.chat.completions).create
    wrap(client, provider="openai").chat.completions.create(model="gpt-4o", messages=ASKED)
    assert type(client.chat.completions).create is create
    assert not hasattr(client.chat.completions.create(model="gpt-4o", messages=ASKED), "footprint")


def test_what_is_not_a_request_is_the_clients_own(openai, url):
    assert str(openai.base_url) == f"{url}/v1/"


def test_a_reply_without_usage_says_so_and_gives_no_number(openai):
    found = openai.chat.completions.create(model="gpt-4o-x-silent", messages=ASKED).footprint
    assert found.energy_kwh is None
    assert found.interval("climate_kg") is None
    assert "no usage" in found.note
    with pytest.raises(JevonsError, match="no usage"):
        _ = found.activity


def test_a_stream_without_usage_says_how_to_have_it(openai):
    found = drained(openai.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True)).footprint
    assert found.climate_kg is None
    assert "include_usage" in found.note


def test_a_stream_has_no_footprint_before_its_end(openai):
    stream = openai.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True, stream_options={"include_usage": True})
    next(stream)
    assert "has not ended" in stream.footprint.note


def test_a_stream_that_breaks_off_raises_the_clients_error_and_gives_no_number(openai):
    stream = openai.chat.completions.create(model="gpt-4o-x-broken", messages=ASKED, stream=True)
    with pytest.raises(Exception, match="closed|onnection"):
        drained(stream)
    assert stream.footprint.energy_kwh is None


def test_an_error_of_the_endpoint_is_the_clients_error(openai):
    with pytest.raises(needs("openai").InternalServerError):
        openai.chat.completions.create(model="x-error", messages=ASKED)


def test_an_unknown_model_is_a_note_and_no_error_of_the_call(openai):
    found = openai.chat.completions.create(model="gpt-99", messages=ASKED).footprint
    assert found.energy_kwh is None
    assert "nearest" in found.note


def test_an_endpoint_that_nobody_knows_asks_for_its_provider(url):
    client = wrap(needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x"))
    assert "pass provider=" in client.chat.completions.create(model="gpt-4o", messages=ASKED).footprint.note


def test_a_stated_deployment_prices_a_server_of_ones_own(url):
    client = wrap(needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x"), deployment={"on": "h100", "batch": 8})
    assert client.chat.completions.create(model="llama-3.1-8b", messages=ASKED).footprint.energy_kwh > 0


def test_each_footprint_is_handed_to_the_listener(url):
    heard: list[CallFootprint] = []
    client = wrap(needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x"), provider="openai", on_footprint=heard.append)
    client.chat.completions.create(model="gpt-4o", messages=ASKED)
    assert [found.usage for found in heard] == [WHOLE]


def test_a_footprint_explains_itself_with_its_interval(openai):
    found = openai.chat.completions.create(model="gpt-4o", messages=ASKED).footprint
    low, high = found.interval("energy_kwh")
    assert low < found.energy_kwh < high
    assert "assumed deployment" in found.explain()
    assert found.footprint.best("energy") == pytest.approx(found.energy_kwh)


# ---- the others


def test_anthropic_counts_cached_input_beside_and_it_is_joined(url):
    client = wrap(needs("anthropic").Anthropic(base_url=url, api_key="x"))
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": ASKED}
    whole = client.messages.create(**asked).footprint
    streamed = drained(client.messages.create(stream=True, **asked)).footprint
    assert whole.usage == streamed.usage == Usage(INPUT, OUTPUT, CACHED, 0.0)
    assert whole.energy_kwh > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_anthropics_stream_is_metered_when_only_its_text_is_read(url):
    client = wrap(needs("anthropic").Anthropic(base_url=url, api_key="x"))
    with client.messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=ASKED) as stream:
        assert "".join(stream.text_stream) == "hello"
    assert stream.footprint.usage == Usage(INPUT, OUTPUT, CACHED, 0.0)


def test_google_counts_thoughts_beside_and_they_are_joined(url):
    client = wrap(needs("google.genai").Client(api_key="x", http_options={"base_url": url}))
    whole = client.models.generate_content(model="gemini-2.5-flash", contents="hi").footprint
    streamed = drained(client.models.generate_content_stream(model="gemini-2.5-flash", contents="hi")).footprint
    assert whole.usage == streamed.usage == WHOLE
    assert whole.provider == "google"


def test_google_answers_later_too(url):
    client = wrap(needs("google.genai").Client(api_key="x", http_options={"base_url": url}))

    async def both() -> tuple[Any, Any]:
        whole = await client.aio.models.generate_content(model="gemini-2.5-flash", contents="hi")
        stream = await client.aio.models.generate_content_stream(model="gemini-2.5-flash", contents="hi")
        return whole.footprint, (await drained_later(stream)).footprint

    whole, streamed = asyncio.run(both())
    assert whole.usage == streamed.usage == WHOLE


def test_mistral_is_metered_in_every_way(url):
    client = wrap(needs("mistralai.client").Mistral(api_key="x", server_url=url))
    asked = {"model": "mistral-large-latest", "messages": ASKED}

    async def later() -> tuple[Any, Any]:
        whole = await client.chat.complete_async(**asked)
        return whole.footprint, (await drained_later(await client.chat.stream_async(**asked))).footprint

    found = [client.chat.complete(**asked).footprint, drained(client.chat.stream(**asked)).footprint, *asyncio.run(later())]
    assert [f.usage for f in found] == [WHOLE] * 4
    assert client.embeddings.create(model="mistral-embed", inputs=["a"]).footprint.energy_kwh > 0


def test_cohere_is_metered_in_every_way(url):
    cohere = needs("cohere")
    client, slow = (wrap(kind(api_key="x", base_url=url)) for kind in (cohere.ClientV2, cohere.AsyncClientV2))
    asked = {"model": "command-a-03-2025", "messages": ASKED}

    async def later() -> tuple[Any, Any]:
        whole = await slow.chat(**asked)
        return whole.footprint, (await drained_later(slow.chat_stream(**asked))).footprint

    found = [client.chat(**asked).footprint, drained(client.chat_stream(**asked)).footprint, *asyncio.run(later())]
    assert [f.usage for f in found] == [PLAIN] * 4
    made = client.embed(model="embed-v4.0", texts=["a"], input_type="search_document", embedding_types=["float"])
    assert made.footprint.energy_kwh > 0


def test_hugging_face_is_metered_in_every_way(url):
    hub = needs("huggingface_hub")
    client, slow = (wrap(kind(base_url=f"{url}/v1", api_key="x")) for kind in (hub.InferenceClient, hub.AsyncInferenceClient))
    asked = {"messages": ASKED, "model": "meta-llama/Llama-3.1-8B-Instruct"}

    async def later() -> tuple[Any, Any]:
        whole = await slow.chat_completion(**asked)
        stream = await slow.chat_completion(stream=True, stream_options={"include_usage": True}, **asked)
        return whole.footprint, (await drained_later(stream)).footprint

    found = [client.chat_completion(**asked).footprint, client.chat.completions.create(**asked).footprint, *asyncio.run(later())]
    assert [(f.usage.input_tokens, f.usage.output_tokens) for f in found] == [(INPUT, OUTPUT)] * 4
    assert found[0].provider == "huggingface"


def test_litellm_is_wrapped_as_the_module_it_is(url, monkeypatch):
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    client = wrap(needs("litellm"))
    asked = {"model": "openai/gpt-4o", "messages": ASKED, "api_base": f"{url}/v1", "api_key": "x"}
    streamed = {"stream": True, "stream_options": {"include_usage": True}, **asked}

    async def later() -> tuple[Any, Any]:
        whole = await client.acompletion(**asked)
        return whole.footprint, (await drained_later(await client.acompletion(**streamed))).footprint

    found = [client.completion(**asked).footprint, drained(client.completion(**streamed)).footprint, *asyncio.run(later())]
    assert [f.usage for f in found] == [WHOLE] * 4
    assert {f.provider for f in found} == {"openai"}


# ---- without any package


class Completions:
    """A client's innermost part, as plain as can be."""

    def create(self, **asked: Any) -> Any:
        return [0.1, 0.2] if asked.get("plain") else SimpleNamespace(model=asked["model"], usage={"prompt_tokens": 9, "completion_tokens": 3})


Client = type("Client", (), {"__module__": "openai", "chat": SimpleNamespace(completions=Completions()), "base_url": "https://api.openai.com/v1"})


def test_the_host_tells_whose_servers_answer():
    assert wrap(Client()).chat.completions.create(model="gpt-4o").footprint.provider == "openai"


def test_a_reply_of_plain_data_is_carried_beside_its_footprint():
    reply = wrap(Client()).chat.completions.create(model="gpt-4o", plain=True)
    assert list(reply) == [0.1, 0.2] == reply.reply
    assert "no usage" in reply.footprint.note


def test_a_client_that_no_adapter_knows_is_refused_with_those_that_are():
    with pytest.raises(BadInput, match=r"openai, anthropic, google\.genai, mistralai"):
        wrap(object())
    assert adapter_of(3) is None


def test_usage_is_read_wherever_a_reply_keeps_it():
    assert usage_of(counts({"usage": {"prompt_tokens": 7, "completion_tokens": 2}})) == Usage(7, 2)
    assert usage_of(counts({"message": {"usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 1}}})) \
        == Usage(11, 0, 3)  # fmt: skip
    assert usage_of(counts({"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 5}})) == Usage(7, 7, 0, 5)
    assert counts({"usage": None}) == counts("text") == counts(None) == {}


def test_inputs_that_hold_the_cached_ones_are_not_counted_twice():
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "cache_read_input_tokens": 4, "prompt_tokens_details": {"cached_tokens": 4}}
    assert usage_of(counts({"usage": usage})) == Usage(10, 1, 4)


def test_hosts_are_told_by_the_end_of_their_name():
    assert host_provider("https://my.openai.azure.com/x") == "openai"
    assert host_provider("https://evil-api.openai.com.example.org") == host_provider("http://127.0.0.1:8000") == ""
