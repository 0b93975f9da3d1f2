from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kiln import blobs
from kiln.cloud import logs
from kiln.cloud.staging import LOGS

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

    from kiln.contracts.staging import StagedStorage


def output_of(storage: StagedStorage, *pieces: bytes) -> BlobClient:
    output = blobs.account(storage.endpoint).get_blob_client(LOGS, "run/steps/00.log")
    output.create_append_blob()
    for piece in pieces:
        output.append_block(piece)
    return output


def text_of(log: BlobClient) -> str:
    return log.download_blob().readall().decode()


def test_a_header_is_written_once_however_often_it_is_asked_for(storage: StagedStorage) -> None:
    log = logs.log_of(storage)

    first = logs.write_header(log, "==> one\n")
    again = logs.write_header(log, "==> one\n")
    other = logs.write_header(log, "==> two\n")

    assert text_of(log) == "==> one\n==> two\n"
    assert first.end == again.end == len("==> one\n")
    assert other.end == len("==> one\n==> two\n")
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)


def test_a_header_is_found_and_others_are_put_behind_it_in_a_log_longer_than_what_is_looked_through(
    storage: StagedStorage,
) -> None:
    log = logs.log_of(storage)
    logs.write_header(log, "==> early\n")
    log.append_block(b"x" * logs.TAIL)

    late = logs.write_header(log, "==> late\n")
    again = logs.write_header(log, "==> late\n")

    assert late.end == again.end == log.get_blob_properties().size
    assert not again.is_new
    assert text_of(log).endswith("x==> late\n")


def test_output_is_copied_as_it_grows_and_never_twice(storage: StagedStorage) -> None:
    log = logs.log_of(storage)
    base = logs.write_header(log, "==> step\n").end
    output = output_of(storage, b"first\n")

    logs.copy_output(log, output, base)
    logs.copy_output(log, output, base)
    output.append_block(b"second\n")
    logs.copy_output(log, output, base)

    assert text_of(log) == "==> step\nfirst\nsecond\n"


def test_a_step_without_output_yet_is_no_error(storage: StagedStorage) -> None:
    log = logs.log_of(storage)
    base = logs.write_header(log, "==> step\n").end
    missing = blobs.account(storage.endpoint).get_blob_client(LOGS, "run/steps/99.log")

    logs.copy_output(log, missing, base)

    assert text_of(log) == "==> step\n"
    assert logs.last_lines(missing) == ""


def test_writers_at_the_same_time_lose_nothing(storage: StagedStorage) -> None:
    log = logs.log_of(storage)
    headers = [f"==> header {number}\n" for number in range(12)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda header: logs.write_header(log, header), headers))

    assert sorted(text_of(log).splitlines(keepends=True)) == sorted(headers)


def test_the_last_lines_are_the_last_twenty(storage: StagedStorage) -> None:
    output = output_of(storage, b"".join(b"line %d\n" % number for number in range(500)))

    lines = logs.last_lines(output).splitlines()

    assert lines == [f"line {number}" for number in range(480, 500)]
