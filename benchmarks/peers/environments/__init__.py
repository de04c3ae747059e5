"""Where a peer runs: this project's environment, one of its own, Node's, or a program of the system."""

from benchmarks.peers.environments.making import ENVIRONMENTS, ROOT, SERVICES, Address, Environment, Missing
from benchmarks.peers.environments.nginx import Nginx
from benchmarks.peers.environments.node import Node
from benchmarks.peers.environments.python import OwnPython, Python

__all__ = [
    "ENVIRONMENTS",
    "ROOT",
    "SERVICES",
    "Address",
    "Environment",
    "Missing",
    "Nginx",
    "Node",
    "OwnPython",
    "Python",
]
