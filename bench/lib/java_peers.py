# SPDX-License-Identifier: Apache-2.0
"""ArchUnit over Spring. It reads compiled classes, Ashlar their sources: the parts of one release,
both laid together, so that a module is a package."""
import glob
import os
import re

from lib.copies import Copy, Peer
from lib.places import PEERS, TOP, bring, run

ARCHUNIT, SLF4J = "1.4.1", "2.0.17"
HOME = os.path.join(PEERS, "java")


def install(parts):
    """ArchUnit, and the classes of the parts ("spring-core-6.2.1")."""
    def copy(artifact, into):
        name = "-".join(artifact.split(":")[1:]) + ".jar"
        if not os.path.exists(os.path.join(HOME, into, name)):
            run(["mvn", "-q", "dependency:copy", f"-Dartifact={artifact}",
                 f"-DoutputDirectory={os.path.join(HOME, into)}"])

    copy(f"com.tngtech.archunit:archunit:{ARCHUNIT}", "lib")
    copy(f"org.slf4j:slf4j-api:{SLF4J}", "lib")
    copy(f"org.slf4j:slf4j-nop:{SLF4J}", "lib")
    for part in parts:
        name, version = part.rsplit("-", 1)
        copy(f"org.springframework:{name}:{version}", "spring")
    run(["javac", "-cp", os.path.join(HOME, "lib", "*"), "-d", os.path.join(HOME, "classes"),
         os.path.join(TOP, "bench", "lib", "Boundaries.java")])


def package(copy, module):
    return copy.modules[module].replace("/", ".")


def write_rules(copy, without=None):
    with open(os.path.join(copy.folder, "boundaries.txt"), "w", encoding="utf-8") as file:
        for name, needs in sorted(copy.allowed(without).items()):
            file.write(" ".join([name, package(copy, name), *sorted(needs)]) + "\n")


def count(out):
    found = re.search(r"(\d+) violations", out)
    return int(found[1]) if found else None


def prepare():
    """The copy of all parts, and ArchUnit with a layer a module."""
    parts = sorted(os.path.basename(path) for path in glob.glob(bring("spring") + "/spring-*"))
    install(parts)
    copy = Copy("spring", (".java",))
    for part in parts:
        copy.add(os.path.join(bring("spring"), part, "src", "main", "java"))
    copy.close()
    command = ["java", "-cp", f"{HOME}/classes:{HOME}/lib/*", "Boundaries", "boundaries.txt",
               *sorted(glob.glob(HOME + "/spring/*.jar"))]

    def write(without=None):
        write_rules(copy, without)

    return copy, [Peer(f"ArchUnit {ARCHUNIT}, on compiled classes", command, "contracts", told=count,
                       sources=False)], write
