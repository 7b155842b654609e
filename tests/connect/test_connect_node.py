#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls over the Connect protocol with connect-node at the other end, both ways:
test_connect_node.py PEER FOLDER

PEER is peer.c, FOLDER is where connect-node is installed, as the lock file says.
"""
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = FOLDER = None
CASES = ["plain", "get", "gzip", "error", "deadline", "metadata"]

# Meson's exit status of a test that did not run.
NOT_RUN = 77


def not_run(why):
    print(f"not run: {why}", flush=True)
    sys.exit(NOT_RUN)


def install():
    """connect-node and the description of the messages, in FOLDER."""
    for program in ("node", "npm", "protoc"):
        if not shutil.which(program):
            not_run(f"there is no {program}")
    os.makedirs(FOLDER, exist_ok=True)
    for name in ("package.json", "package-lock.json", "peer.mjs"):
        shutil.copy(os.path.join(HERE, name), FOLDER)
    done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=FOLDER,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        not_run(f"npm cannot fetch connect-node: {(done.stderr or done.stdout)[-300:].strip()}")
    subprocess.run(["protoc", "-I", HERE, "--include_imports", "peer.proto",
                    f"--descriptor_set_out={FOLDER}/peer.binpb"], check=True)


def ours(verb, *more):
    return [PEER, verb, *more]


def theirs(verb, *more):
    return ["node", os.path.join(FOLDER, "peer.mjs"), verb, os.path.join(FOLDER, "peer.binpb"), *more]


class ConnectNode(unittest.TestCase):
    def call(self, server, client):
        """Each case passes; the server ends when its stdin does, and well."""
        with subprocess.Popen(server("serve"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as serving:
            try:
                port = serving.stdout.readline().strip()
                self.assertRegex(port, r"^\d+$")
                done = subprocess.run(client("call", port), capture_output=True, text=True,
                                      timeout=200, check=False)
            finally:
                serving.stdin.close()
            self.assertEqual(serving.wait(timeout=60), 0)
        self.assertEqual(done.stdout.splitlines(),
                         [f"ok {codec} {case}" for codec in ("proto", "json") for case in CASES],
                         done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_its_client_calls_our_server(self):
        self.call(ours, theirs)

    def test_our_client_calls_its_server(self):
        self.call(theirs, ours)


if __name__ == "__main__":
    PEER, FOLDER = sys.argv[1:3]
    install()
    unittest.main(argv=sys.argv[:1], verbosity=2)
