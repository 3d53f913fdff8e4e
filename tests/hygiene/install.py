#!/usr/bin/python3
"""install.py INSTALL_SH: what tests/install.sh does to the machine, with apt-get and its like
replaced by stubs."""
import os
import pathlib
import subprocess
import sys
import tempfile

FOREIGN = "#!/bin/sh\nexit 0\n"

STUBS = {
    # The first package is there, all others are missing.
    "dpkg": '''[ "$1" = -L ] && { echo /lib/systemd/system/$2.service; exit 0; }
[ "$2" = there ] && echo "Status: install ok installed"; exit 0''',
    "apt-get": '''if [ "$1" = update ]; then exit 0; fi
echo "apt-get $*" >>"$HERE/log"
if [ -x "$POLICY_RC_D" ]; then "$POLICY_RC_D"; echo "policy says $?" >>"$HERE/log"; fi
if [ -e "$HERE/signal" ]; then kill -TERM $(cat "$HERE/shell"); fi
[ ! -e "$HERE/fail" ]''',
    "systemctl": 'echo "systemctl $*" >>"$HERE/log"',
    "sudo": 'echo "sudo $1" >>"$HERE/log"; exec "$@"',
    "id": 'cat "$HERE/user"',
}


class Machine:
    def __init__(self, script, folder):
        self.script, self.here = script, pathlib.Path(folder)
        self.policy, self.systemd = self.here / "policy-rc.d", self.here / "systemd"
        (self.here / "bin").mkdir()
        for name, text in STUBS.items():
            stub = self.here / "bin" / name
            stub.write_text(f"#!/bin/sh\n{text}\n")
            stub.chmod(0o755)
        (self.here / "user").write_text("0\n")

    def run(self, *packages):
        """(exit status, what was called)"""
        log = self.here / "log"
        log.write_text("")
        shell = f'echo $$ >"$HERE/shell"; exec sh "{self.script}" {" ".join(packages)}'
        run = subprocess.run(["sh", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=30, env={
                                 "PATH": f"{self.here}/bin:/usr/bin:/bin", "HERE": str(self.here),
                                 "POLICY_RC_D": str(self.policy),
                                 "SYSTEMD_RUNS": str(self.systemd)})
        self.said = run.stdout.decode()
        return run.returncode, log.read_text().splitlines()


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got}, expected {wanted}")


INSTALL = "apt-get install -q -y --no-install-recommends web"


def nothing_is_done_where_all_is_there(machine):
    expect(machine.run("there"), (0, []))


def starts_are_denied_while_packages_are_installed(machine):
    for _ in range(2):
        expect(machine.run("there", "web"), (0, [INSTALL, "policy says 101"]))
        expect(machine.policy.exists(), False)
        expect("are not started" in machine.said, True)


def a_policy_of_the_machine_is_left_alone(machine):
    machine.policy.write_text(FOREIGN)
    machine.policy.chmod(0o755)
    expect(machine.run("web"), (0, [INSTALL, "policy says 0"]))
    expect(machine.policy.read_text(), FOREIGN)
    expect("which was there" in machine.said, True)


def a_policy_left_behind_by_a_killed_run_is_removed(machine):
    (machine.here / "fail").touch()
    left = pathlib.Path(machine.script).read_text().split('mark="')[1].split('"')[0]
    machine.policy.write_text(f"#!/bin/sh\n{left}\nexit 101\n")
    machine.policy.chmod(0o755)
    status, log = machine.run("web")
    expect((status != 0, log), (True, [INSTALL, "policy says 101"]))
    expect(machine.policy.exists(), False)


def starts_are_allowed_again_after_a_failure(machine):
    (machine.here / "fail").touch()
    status, log = machine.run("web")
    expect((status != 0, log), (True, [INSTALL, "policy says 101"]))
    expect(machine.policy.exists(), False)


def starts_are_allowed_again_after_a_signal(machine):
    (machine.here / "signal").touch()
    status, _ = machine.run("web")
    expect((status, machine.policy.exists()), (1, False))


def new_units_are_disabled_where_systemd_runs(machine):
    machine.systemd.mkdir()
    expect(machine.run("there", "web"),
           (0, [INSTALL, "policy says 101", "systemctl disable --now web.service"]))


def sudo_is_used_by_others_than_root(machine):
    (machine.here / "user").write_text("1000\n")
    expect(machine.run("web"), (0, ["sudo tee", "sudo chmod", "sudo env", "sudo env", INSTALL,
                                    "policy says 101", "sudo rm"]))


def main(script):
    passed = failed = 0
    for case in (nothing_is_done_where_all_is_there, starts_are_denied_while_packages_are_installed,
                 a_policy_of_the_machine_is_left_alone,
                 a_policy_left_behind_by_a_killed_run_is_removed,
                 starts_are_allowed_again_after_a_failure,
                 starts_are_allowed_again_after_a_signal, new_units_are_disabled_where_systemd_runs,
                 sudo_is_used_by_others_than_root):
        name = case.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="h2ws-") as folder:
            machine = Machine(script, folder)
            try:
                case(machine)
            except AssertionError as error:
                failed += 1
                print(f"FAILED {name}: {error}\n{machine.said}")
            else:
                passed += 1
                print(f"ok {name}")
    print(f"cases: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
