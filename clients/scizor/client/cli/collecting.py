"""Following a collection to its end, with a bar that moves or a line of JSON for each step."""

from __future__ import annotations

from collections.abc import Iterator

from scizor.client.cli.collection_tables import collection_document, collection_facts, planned_line
from scizor.client.cli.common import print_json
from scizor.client.cli.failures import line_of
from scizor.client.cli.progress import progress_bar
from scizor.client.cli.tables import show, span, word
from scizor.client.cli.usage import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NOT_REACHABLE, CommandFailed
from scizor.client.errors import CallError, StreamBroken
from scizor.marketdata.v1 import collection_pb2 as pb


def follow(updates: Iterator[pb.Collection], *, as_json: bool) -> pb.Collection:
    """Read a collection's updates to their end and return the last; with `as_json` each becomes a line.

    Who stops it, or loses it, is told that the collection goes on and how to find it. Raises CommandFailed, CallError.
    """
    last: pb.Collection | None = None
    try:
        with progress_bar("collection", quiet=as_json) as advance:
            for last in updates:
                progress = last.progress
                ended = progress.chunks_done + progress.chunks_failed
                advance(ended, progress.chunks_total or None, note=_note(progress))
                if as_json:
                    print_json(collection_document(last))
    except KeyboardInterrupt:
        raise CommandFailed(going_on(last), EXIT_INTERRUPTED) from None
    except CallError as error:
        if last is None or not last.id:
            raise
        status = EXIT_NOT_REACHABLE if error.may_pass else EXIT_FAILED
        raise CommandFailed(f"{line_of(error)}\n{going_on(last)}", status) from None
    if last is None:
        raise StreamBroken("the stream ended before it told of a collection")
    return last


def finish(last: pb.Collection, *, as_json: bool, dry_run: bool = False) -> None:
    """Show what a collection came to. Raises CommandFailed unless every chunk was answered."""
    if not as_json:
        show(planned_line(last) if dry_run else collection_facts(last))
    progress = last.progress
    if dry_run or progress.state == pb.COLLECTION_STATE_SUCCEEDED:
        return
    ended = f"collection {last.id} ended {word(pb.CollectionState, progress.state)}"
    if last.HasField("error"):
        raise CommandFailed(f"{ended}: {line_of(CallError.of_status(last.error))}")
    if progress.chunks_failed:
        ended += f": {progress.chunks_failed:,} of {progress.chunks_total:,} chunks were given up"
    raise CommandFailed(f"{ended}; see `scizor collect status {last.id} --chunks failed`")


def going_on(last: pb.Collection | None) -> str:
    """What becomes of a collection nobody looks at any more, and how to find and end it."""
    if last is None or not last.id:
        return "stopped; whether a collection had begun, and goes on, is told by `scizor collect status`"
    if last.progress.state >= pb.COLLECTION_STATE_SUCCEEDED:
        return f"collection {last.id} had ended {word(pb.CollectionState, last.progress.state)}"
    return (
        f"the collection goes on without you; `scizor collect status {last.id} --follow` shows it, "
        f"`scizor collect cancel {last.id}` ends it"
    )


def _note(progress: pb.CollectionProgress) -> str:
    state = word(pb.CollectionState, progress.state)
    if progress.state != pb.COLLECTION_STATE_RUNNING or not progress.requests:
        return state
    left = f", {span(progress.remaining_seconds)} left" if progress.HasField("remaining_seconds") else ""
    return f"{progress.new_bars:,} new bars, {progress.requests:,} requests{left}  {progress.symbol}"
