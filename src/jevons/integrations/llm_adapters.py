"""Clients of language models as rows: what their calls are named, and where their replies keep the tokens used.

A path is written with points and is followed through attributes and keys alike. Another client is another row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Paths = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request: inputs count the cached ones and those ``seen`` (of images, video, sound), outputs those of
    reasoning."""

    input_tokens: float
    output_tokens: float
    cached_tokens: float = 0.0
    reasoning_tokens: float = 0.0
    seen_tokens: float = 0.0


@dataclass(frozen=True, slots=True)
class Adapter:
    """One client library.

    ``module``: where its client class is defined. ``calls``: paths from the client to what makes a request. ``ask``: how
    to have usage sent at the end of a stream.
    """

    module: str
    provider: str
    calls: Paths
    ask: str = ""


ADAPTERS = (
    Adapter("openai", "", ("chat.completions.create", "chat.completions.parse", "chat.completions.stream",
                           "beta.chat.completions.parse", "beta.chat.completions.stream", "completions.create",
                           "responses.create", "responses.parse", "responses.stream", "embeddings.create"),
            ask="pass stream_options={'include_usage': True}"),
    Adapter("anthropic", "anthropic", ("messages.create", "messages.stream", "messages.parse", "beta.messages.create",
                                       "beta.messages.stream")),
    Adapter("google.genai", "google", ("models.generate_content", "models.generate_content_stream", "models.embed_content",
                                       "aio.models.generate_content", "aio.models.generate_content_stream",
                                       "aio.models.embed_content")),
    Adapter("mistralai", "mistral", ("chat.complete", "chat.complete_async", "chat.stream", "chat.stream_async", "chat.parse",
                                     "fim.complete", "fim.complete_async", "fim.stream", "fim.stream_async",
                                     "agents.complete", "agents.complete_async", "embeddings.create",
                                     "embeddings.create_async")),
    Adapter("cohere", "cohere", ("chat", "chat_stream", "embed", "v2.chat", "v2.chat_stream", "v2.embed")),
    Adapter("huggingface_hub", "huggingface", ("chat_completion", "chat.completions.create", "text_generation",
                                               "feature_extraction"),
            ask="pass stream_options={'include_usage': True}"),
    Adapter("litellm", "", ("completion", "acompletion", "embedding", "aembedding", "responses", "aresponses",
                            "text_completion", "atext_completion"),
            ask="pass stream_options={'include_usage': True}"),
)  # fmt: skip

HOSTS = {
    "api.openai.com": "openai", "openai.azure.com": "openai", "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek", "api.mistral.ai": "mistral", "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks", "openrouter.ai": "openrouter", "generativelanguage.googleapis.com": "google",
    "aiplatform.googleapis.com": "google", "router.huggingface.co": "huggingface", "api.cohere.com": "cohere",
    "api.studio.nebius.com": "nebius", "api.scaleway.ai": "scaleway",
}  # fmt: skip
"""Whose servers answer at a host, by the end of its name."""

FIELDS: Mapping[str, Paths] = {
    "input_tokens": ("prompt_tokens", "input_tokens", "prompt_token_count", "tokens.input_tokens",
                     "billed_units.input_tokens"),
    "output_tokens": ("completion_tokens", "output_tokens", "candidates_token_count", "tokens.output_tokens",
                      "billed_units.output_tokens", "generated_tokens"),
    "cached_tokens": ("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens",
                      "cached_content_token_count", "prompt_cache_hit_tokens", "cached_tokens"),
    "cached_beside": ("cache_read_input_tokens",),
    "written_beside": ("cache_creation_input_tokens",),
    "reasoning_tokens": ("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    "reasoning_beside": ("thoughts_token_count",),
    "heard_tokens": ("prompt_tokens_details.audio_tokens", "input_tokens_details.audio_tokens"),
    "shown_tokens": ("prompt_tokens_details.image_tokens", "input_tokens_details.image_tokens"),
}  # fmt: skip
"""Our counts, and where clients keep them; those beside are not part of the client's inputs or outputs."""
CAMEL = {"promptTokenCount": "prompt_token_count", "candidatesTokenCount": "candidates_token_count",
         "cachedContentTokenCount": "cached_content_token_count", "thoughtsTokenCount": "thoughts_token_count",
         "promptTokensDetails": "prompt_tokens_details"}  # fmt: skip
READ = ("TEXT", "DOCUMENT")
"""Modalities of Google's list of a prompt's tokens that no encoder sees."""
HOLDERS = ("usage", "usage_metadata", "usageMetadata", "response.usage", "message.usage", "data.usage", "delta.usage", "chunk.usage",
           "response.meta", "meta", "details")  # fmt: skip
"""Where a reply, or an event of a stream, keeps its usage."""


def adapter_of(client: Any) -> Adapter | None:
    """The row of a client object, or of a module such as litellm; None for an unknown one."""
    kinds = [getattr(client, "__name__", "")] if _is_module(client) else [k.__module__ for k in type(client).__mro__]
    for row in ADAPTERS:
        if any(kind == row.module or kind.startswith(row.module + ".") for kind in kinds):
            return row
    return None


def host_provider(url: str) -> str:
    """Whose servers a base URL names; "" where it is nobody's known."""
    from urllib.parse import urlsplit

    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    return next((who for end, who in HOSTS.items() if host == end or host.endswith("." + end)), "")


def counts(reply: Any) -> dict[str, float]:
    """The token counts of a reply or event, by our names; {} where it has none."""
    for holder in HOLDERS:
        usage = follow(reply, holder)
        if usage is None:
            continue
        if isinstance(usage, Mapping) and CAMEL.keys() & usage.keys():
            usage = {CAMEL.get(key, key): value for key, value in usage.items()}
        found = {name: value for name, paths in FIELDS.items() if (value := _first(usage, paths)) is not None}
        if (seen := _listed(usage)) is not None:
            found["shown_tokens"] = seen
        if follow(usage, "prompt_tokens") is not None:  # OpenAI's inputs hold all that was cached, whatever else is told
            found = {name: value for name, value in found.items() if not name.endswith("_beside")}
        if "input_tokens" in found or "output_tokens" in found:
            return found
    return {}


def usage_of(found: Mapping[str, float]) -> Usage | None:
    """Counts as Usage, those beside the inputs or outputs joined to them; None for none."""
    if not found:
        return None

    def total(*names: str) -> float:
        return sum(found.get(name, 0.0) for name in names)

    taken = total("input_tokens", "cached_beside", "written_beside")
    made = total("output_tokens", "reasoning_beside")
    return Usage(taken, made, min(total("cached_tokens", "cached_beside"), taken),
                 min(total("reasoning_tokens", "reasoning_beside"), made), min(total("heard_tokens", "shown_tokens"), taken))  # fmt: skip


def follow(thing: Any, path: str) -> Any:
    """What a path leads to, through keys and attributes; None where it ends."""
    for word in path.split("."):
        if thing is None:
            return None
        thing = thing.get(word) if isinstance(thing, Mapping) else getattr(thing, word, None)
    return thing


def text(thing: Any, *paths: str) -> str:
    """The first of these paths that leads to words; "" where none does."""
    found = (follow(thing, path) for path in paths)
    return next((value for value in found if isinstance(value, str) and value), "")


def _first(usage: Any, paths: Paths) -> float | None:
    """The first count, as a number; absent ones and the clients' own marks of absence are none."""
    for path in paths:
        value = follow(usage, path)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    return None


def _listed(usage: Any) -> float | None:
    """Tokens of what is no text in a list by modality, as Google gives it; None where there is no such list."""
    listed = follow(usage, "prompt_tokens_details")
    if not isinstance(listed, (list, tuple)):
        return None
    kinds = ((str(getattr(m := follow(one, "modality"), "value", m)), follow(one, "token_count") or follow(one, "tokenCount"))
             for one in listed)  # fmt: skip
    return float(sum(n for kind, n in kinds if kind not in READ and isinstance(n, (int, float))))


def _is_module(thing: Any) -> bool:
    from types import ModuleType

    return isinstance(thing, ModuleType)
