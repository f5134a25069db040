"""A process with the test cluster of librdkafka, whose broker goes down and up on request.

It prints the addresses, then answers each line `down` or `up` with `done`.
"""

import ctypes
import sys
from pathlib import Path

import confluent_kafka

_PRODUCER = 0
_BROKER = 1


def _library() -> ctypes.CDLL:
    """Return the librdkafka that the client brings along."""
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    (path,) = folder.glob("librdkafka*.so*")
    library = ctypes.CDLL(str(path))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_handle_mock_cluster"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


def main() -> None:
    library = _library()
    error = ctypes.create_string_buffer(512)
    settings = ctypes.c_void_p(library.rd_kafka_conf_new())
    for name, value in ((b"test.mock.num.brokers", b"1"), (b"log_level", b"0")):
        library.rd_kafka_conf_set(settings, name, value, error, len(error))
    client = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER, settings, error, len(error)))
    cluster = ctypes.c_void_p(library.rd_kafka_handle_mock_cluster(client))
    print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    for line in sys.stdin:
        is_down = line.strip() == "down"
        name = f"rd_kafka_mock_broker_set_{'down' if is_down else 'up'}"
        getattr(library, name)(cluster, _BROKER)
        print("done", flush=True)


if __name__ == "__main__":
    main()
