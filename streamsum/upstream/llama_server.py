"""The built-in model's server, as a child process: llama.cpp with its own OpenAI-compatible API on a loopback port.

Run as a script, by `llama_process.py`: it imports nothing of ours, and reads from standard input a line with the API
key. It writes its address in a line to standard output, and ends when standard input does, so that it cannot outlive
its parent, however that ends.
"""

import argparse
import os
import signal
import sys

try:
    import xllamacpp
except ImportError:  # most likely a library of the system's is missing: GCC's OpenMP, libgomp1
    sys.exit(3)


def main() -> None:
    """Serve until standard input ends."""
    # Ctrl-C and a service manager's SIGTERM reach all processes of a group; when we end is for the parent to say, who
    # may have a summary to finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asked = argparse.ArgumentParser()
    asked.add_argument("file")
    asked.add_argument("name")
    asked.add_argument("context_tokens", type=int)
    server = xllamacpp.Server(_parameters(asked.parse_args(), key=sys.stdin.readline().strip()))
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)  # at once: an answer that is being written has nobody to read it


def _parameters(asked: argparse.Namespace, *, key: str) -> xllamacpp.CommonParams:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = asked.file
    parameters.model_alias = {asked.name}
    parameters.n_ctx = asked.context_tokens
    parameters.n_parallel = 1  # two at a time finish no sooner, and the first bullets come twice as late
    parameters.n_batch = 256  # who hung up is noticed between two batches; larger ones are no faster
    parameters.n_ubatch = 256
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.cache_ram_mib = 0  # else it keeps up to 8 GiB of earlier prompts
    parameters.warmup = False  # the first call comes at once, and is the warm-up
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = -1
    return parameters


if __name__ == "__main__":
    main()
