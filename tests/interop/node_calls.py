"""A script on Node that takes calls as lines of JSON and answers each with one."""
import itertools
import json
import pathlib

from npm_packages import Packages
from peers import Process, check

HERE = pathlib.Path(__file__).resolve().parent


class NodeScript(Process):
    def __init__(self, packages: Packages, script, *arguments):
        super().__init__(packages.node, HERE / script, packages.modules, *arguments)
        self.count = itertools.count(1)

    def call(self, name, *arguments):
        """What the call returns; a failure where it throws."""
        number = next(self.count)
        self.write(json.dumps({"id": number, "call": name, "args": arguments}) + "\n")
        answer = json.loads(self.wait_line(rf'\{{"id":{number},.*\}}')[0])
        check("error" not in answer, f"{name}{arguments}: {answer.get('error')}")
        return answer["result"]

    def told(self):
        """What the script told without having been asked."""
        return [json.loads(match[0])["told"] for match in self.matches(r'\{"told":.*\}')]
