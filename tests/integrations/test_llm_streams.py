"""Streams that end early, helpers that read them whole, retries, threads and tools: real clients, a server on this machine."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from llm_server import CACHED, INPUT, OUTPUT, serving
from test_llm_clients import ASKED, PLAIN, WHOLE, drained, drained_later

from jevons.integrations import wrap
from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.llm_adapters import Usage
from means import needs

USAGE = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture(scope="module")
def url():
    with serving() as address:
        yield address


@pytest.fixture
def heard() -> list[CallFootprint]:
    return []


@pytest.fixture
def openai(url, heard):
    client = needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    return wrap(client, provider="openai", at="FRA", on_footprint=heard.append)


@pytest.fixture
def anthropic(url, heard):
    return wrap(needs("anthropic").Anthropic(base_url=url, api_key="x"), on_footprint=heard.append)


def left(found: CallFootprint) -> bool:
    return found.energy_kwh is None and "left before its end" in found.note


# ---- streams that are left


def test_a_stream_left_half_way_has_no_numbers_and_the_listener_is_told(openai, heard):
    stream = openai.chat.completions.create(model="gpt-4o", messages=ASKED, **USAGE)
    for _ in stream:
        break
    assert left(stream.footprint)
    assert [left(found) for found in heard] == [True]


def test_a_stream_read_on_after_a_pause_has_its_numbers_after_all(openai, heard):
    stream = openai.chat.completions.create(model="gpt-4o", messages=ASKED, **USAGE)
    for _ in stream:
        break
    drained(stream)
    assert stream.footprint.usage == WHOLE
    assert sum(found.energy_kwh or 0.0 for found in heard) == stream.footprint.energy_kwh


def test_what_a_stream_counts_at_its_start_is_not_taken_for_all_of_it(anthropic, heard):
    stream = anthropic.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=ASKED, stream=True)
    for event in stream:
        if event.type == "content_block_delta":
            break
    assert left(stream.footprint)
    assert f"so far {INPUT} tokens in, 1 out" in stream.footprint.note
    assert len(heard) == 1


def test_a_stream_left_behind_its_last_count_is_whole(anthropic):
    stream = anthropic.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=ASKED, stream=True)
    for event in stream:
        if event.type == "message_delta":
            break
    assert stream.footprint.usage == Usage(INPUT, OUTPUT, CACHED, 0.0)


@pytest.mark.parametrize("leave", ["exit", "close", "forget"])
def test_however_a_stream_is_left_it_is_told_once(openai, heard, leave):
    stream = openai.chat.completions.create(model="gpt-4o", messages=ASKED, **USAGE)
    if leave == "exit":
        with stream:
            next(stream)
    elif leave == "close":
        next(stream)
        stream.close()
    del stream
    gc.collect()
    assert [left(found) for found in heard] == [True]


def test_a_stream_that_breaks_off_is_told_too(openai, heard):
    stream = openai.chat.completions.create(model="gpt-4o-x-broken", messages=ASKED, **USAGE)
    with pytest.raises(Exception, match="closed|onnection"):
        drained(stream)
    assert [left(found) for found in heard] == [True]


def test_an_async_stream_that_is_cancelled_passes_the_cancellation_on(url, heard):
    client = wrap(needs("openai").AsyncOpenAI(base_url=f"{url}/v1", api_key="x"), provider="openai", on_footprint=heard.append)

    async def cancelled() -> Any:
        stream = await client.chat.completions.create(model="gpt-4o", messages=ASKED, **USAGE)
        async for _ in stream:
            break
        await stream.close()
        return stream.footprint

    assert left(asyncio.run(cancelled()))
    assert len(heard) == 1


def test_an_async_stream_that_nobody_reads_does_no_harm(url):
    client = wrap(needs("openai").AsyncOpenAI(base_url=f"{url}/v1", api_key="x"), provider="openai")

    async def unread() -> Any:
        async with await client.chat.completions.create(model="gpt-4o", messages=ASKED, **USAGE) as stream:
            return stream

    assert left(asyncio.run(unread()).footprint)


# ---- helpers


def test_a_helper_that_gives_the_whole_reply_tells_its_usage(openai, anthropic):
    with openai.chat.completions.stream(model="gpt-4o", messages=ASKED, stream_options={"include_usage": True}) as stream:
        assert stream.get_final_completion().choices[0].message.content == "hello"
    assert stream.footprint.usage == WHOLE
    with anthropic.messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=ASKED) as stream:
        assert stream.get_final_message().content[0].text == "hello"
    assert stream.footprint.usage == Usage(INPUT, OUTPUT, CACHED, 0.0)


def test_a_helper_that_gives_the_whole_reply_later_does_too(url):
    client = wrap(needs("anthropic").AsyncAnthropic(base_url=url, api_key="x"))

    async def read() -> Any:
        async with client.messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=ASKED) as stream:
            await stream.get_final_message()
        return stream.footprint

    assert asyncio.run(read()).usage == Usage(INPUT, OUTPUT, CACHED, 0.0)


def test_a_helper_that_is_left_at_once_is_left(anthropic, openai):
    with anthropic.messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=ASKED) as stream:
        pass
    assert left(stream.footprint)
    with openai.chat.completions.stream(model="gpt-4o", messages=ASKED) as stream:
        pass
    assert left(stream.footprint)


def test_the_helper_of_responses_is_metered(openai):
    with openai.responses.stream(model="gpt-4o", input="hello") as stream:
        assert stream.get_final_response().status == "completed"
    assert stream.footprint.usage == WHOLE


# ---- requests


def test_a_request_that_the_client_repeats_counts_once_by_the_reply_that_came(url, heard):
    """What the failed attempts consumed nobody tells; see the docs."""
    plain = needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=3)
    client = wrap(plain, provider="openai", on_footprint=heard.append)
    reply = client.chat.completions.create(model="gpt-4o-x-twice-1", messages=ASKED)
    assert [found.usage for found in heard] == [WHOLE]
    assert reply.footprint.energy_kwh > 0


def test_a_request_that_fails_for_good_is_no_footprint(url, heard):
    client = wrap(needs("openai").OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=1), provider="openai", on_footprint=heard.append)
    with pytest.raises(needs("openai").InternalServerError):
        client.chat.completions.create(model="x-error", messages=ASKED)
    assert heard == []


def test_a_reply_that_calls_tools_is_counted_as_any(openai):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    reply = openai.chat.completions.create(model="gpt-4o-x-tool", messages=ASKED, tools=tools)
    assert reply.choices[0].message.tool_calls[0].function.name == "look"
    assert reply.footprint.usage == WHOLE


def test_many_threads_share_a_client(openai, heard):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: openai.chat.completions.create(model="gpt-4o", messages=ASKED).footprint.energy_kwh, range(24)))
    assert len(set(found)) == 1
    assert len(heard) == 24


def test_many_tasks_share_an_async_client(url, heard):
    client = wrap(needs("openai").AsyncOpenAI(base_url=f"{url}/v1", api_key="x"), provider="openai", on_footprint=heard.append)

    async def all_of_them() -> None:
        streams = await asyncio.gather(*(client.chat.completions.create(model="gpt-4o", messages=ASKED, **USAGE) for _ in range(8)))
        await asyncio.gather(*(drained_later(stream) for stream in streams))

    asyncio.run(all_of_them())
    assert [found.usage for found in heard] == [WHOLE] * 8


def test_embeddings_of_cohere_and_legacy_completions_are_counted(url):
    client = wrap(needs("cohere").ClientV2(api_key="x", base_url=url))
    stream = client.chat_stream(model="command-a-03-2025", messages=ASKED)
    assert drained(stream).footprint.usage == PLAIN


def test_tokens_of_images_and_sound_are_taken_from_the_usage():
    from jevons.integrations.llm_adapters import counts, usage_of

    usage = {"prompt_tokens": 900, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 30, "image_tokens": 700}}
    assert usage_of(counts({"usage": usage})) == Usage(900, 3, 0, 0, 730)
    listed = [SimpleNamespace(modality="TEXT", token_count=42), SimpleNamespace(modality="IMAGE", token_count=258)]
    google = SimpleNamespace(prompt_token_count=300, candidates_token_count=5, prompt_tokens_details=listed)
    assert usage_of(counts(SimpleNamespace(usage_metadata=google))) == Usage(300, 5, 0, 0, 258)
    camel = {"promptTokenCount": 300, "candidatesTokenCount": 5, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 96}]}
    assert usage_of(counts({"usageMetadata": camel})) == Usage(300, 5, 0, 0, 96)


def test_what_was_seen_costs_its_encoder():
    seen = CallFootprint("openai", "gpt-4o", Usage(900, 100, 0, 0, 765), at="FRA")
    read = CallFootprint("openai", "gpt-4o", Usage(900, 100), at="FRA")
    assert seen.energy_kwh > read.energy_kwh
    assert seen.footprint.best("energy") == pytest.approx(seen.energy_kwh)
