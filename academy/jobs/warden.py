"""A job's warden: starts the trainer, drains its output into the log, takes its whole tree down with it, records how it ended.

Run as `python academy/jobs/warden.py <job_folder>`; needs only the standard library, so that it runs in any image with Python.
It holds a lock on the folder until it ends, and ends the job on SIGTERM or when a file named `cancel` appears.
Run as `warden.py --standby <descriptor>` it starts a warm trainer first, and gets its job later through that socket.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

LINUX = sys.platform.startswith("linux")
LINE_LIMIT = 8192  # bytes of a log line's message, with the mark
RAW_LIMIT = 4 * LINE_LIMIT  # bytes stored of a line before its escape codes are removed
CHUNK = 1 << 16
RECORD_BYTES = 4096  # reserved at the start, so that a full disk does not prevent the record
OUTPUT_SECONDS = 2.0  # how long the warden waits for the output of a trainer that has ended
READY_SECONDS, IMPORT_SECONDS = 3.0, 30.0  # how long a warm trainer may take to begin: ready, or still importing
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

_ESCAPES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    "|\x9b[0-?]*[ -/]*[@-~]"
    "|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\|$)"  # titles, links
    "|\x1b\\[[0-?]*[ -/]*$"
    "|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
# Loaded before any fork: between fork and exec nothing may be loaded.
_LIBC = ctypes.CDLL(None, use_errno=True) if LINUX else None


def main(argv):
    """Guards one run of a job; the exit code shows only whether the warden itself worked."""
    if argv[1] == "--standby":
        return stand_by(socket.socket(fileno=int(argv[2])))
    return guard(os.path.abspath(argv[1]), int(argv[argv.index("--lock") + 1]) if "--lock" in argv else None)


def stand_by(control):
    """Starts a warm trainer and guards the job that comes for it; ends without one when the app ends or the time is over."""
    requests = Requests(control)
    request = requests.read()
    if request is None:
        return 0
    warm = WarmTrainer(request)
    job = warm.wait(requests, request["seconds"])
    if job is None:
        warm.end()
        return 0
    lock, log = requests.descriptors
    os.dup2(log, 2)
    os.close(log)
    with contextlib.suppress(OSError):  # an app that has just ended gets no answer, and the job runs
        control.sendall(b"taken\n")
    control.close()
    return guard(job["folder"], lock, warm)


def guard(folder, descriptor, warm=None):
    """Guards one run of the job in the folder, with a lock that the app holds already (its descriptor) or a new one."""
    lock = _lock(os.path.join(folder, "warden.lock"), descriptor)
    if lock is None:
        sys.stderr.write("Another warden guards this job.\n")
        return 75
    if os.getpid() != 1 and os.getsid(0) != os.getpid():
        with contextlib.suppress(OSError):
            os.setsid()
    warden = Warden(folder, warm)
    try:
        warden.run()
    except Exception as error:  # noqa: BLE001  the top of a program
        warden.give_up(error)
        return 70
    return 0


class Warden:
    """One trainer and everything it starts, from its start to its record."""

    def __init__(self, folder, warm=None):
        self.folder = folder
        self._warm = warm
        self.log = Log(os.path.join(folder, "train.log"), os.path.join(folder, "unfinished.txt"))
        self.pid = None
        self.status = None  # of the trainer, as wait4 gives it
        self.peak = 0.0
        self.cancelled = False
        self.hurry = None  # when the remaining processes are killed
        self.killed = False  # whether the warden has sent SIGKILL
        self.kills_before = _oom_kills()
        self.boot = _boot_id()
        self.birth = _birth(os.getpid())
        self.started_at = _now()
        self.began = time.monotonic()
        self.stood_by = warm.age() if warm is not None else 0.0
        self._wakeup = os.pipe()

    def run(self):
        """Starts the trainer and stays until all of its processes are gone."""
        for end in self._wakeup:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_cancel)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _control_process(PR_SET_CHILD_SUBREAPER, 1)
        self._reserve()
        self._say_who()
        with open(os.path.join(self.folder, "command.json"), "rb") as file:
            command = json.load(file)
        self.log.keep_bars = bool(command.get("keep_bars"))
        self.grace = float(command.get("grace_seconds", 5))
        try:
            output = self._adopt(command) or self._start(command)
        except OSError as error:
            self.log.say(f"The trainer could not be started: {error.strerror}: {error.filename or command['argv'][0]}")
            self.log.close()
            self._record(exit_code=127)
            return
        self._say_who()
        self._watch(output)
        self._end_tree()
        self._drain_rest(output)
        self.log.close()
        self._record()

    def give_up(self, error):
        """The warden itself failed: it ends every process and records the failure."""
        self.killed = True
        with contextlib.suppress(Exception):
            self._end_tree()
        with contextlib.suppress(Exception):
            self.log.say(f"The warden failed: {type(error).__name__}: {error}")
            self.log.close()
        with contextlib.suppress(Exception):
            self._record(exit_code=None if self.status is not None else 70)

    def _on_cancel(self, *_):
        self.cancelled = True

    def _adopt(self, command):
        """Makes the warm trainer this job's; returns its output, or None where a new trainer has to start."""
        warm = self._warm
        if warm is None:
            return None
        why_not = warm.begin(command)
        if why_not:
            warm.end()
            self.log.say(f"The warm trainer is not used: {why_not}. A new one starts.")
            return None
        self.pid, self._process = warm.process.pid, warm.process
        return warm.output

    def _start(self, command):
        """Starts the trainer; returns its output."""
        env = {name: os.environ[name] for name in command.get("inherit", ()) if name in os.environ} | command["env"]
        output, write_end = os.pipe()
        try:
            # Stored, since a collected Popen would wait for the child that the warden itself waits for.
            self._process = _spawn(command["argv"], env, command.get("cwd") or self.folder, write_end)
        finally:
            os.close(write_end)
        self.pid = self._process.pid
        return output

    def _watch(self, output):
        os.set_blocking(output, False)
        sources = [output, self._wakeup[0]]
        while True:
            self._reap()
            if self.status is not None:
                return
            if not self.cancelled and os.path.exists(os.path.join(self.folder, "cancel")):
                self.cancelled = True
            if self.cancelled and self.hurry is None:
                self.hurry = time.monotonic() + self.grace
                self._signal_group(signal.SIGTERM)
                self._signal_group(signal.SIGCONT)
            if self.hurry is not None and time.monotonic() >= self.hurry:
                self.killed = True
                self._signal_group(signal.SIGKILL)
                _kill(_descendants(os.getpid()))
                self.hurry = time.monotonic() + 0.5
            ready, _, _ = select.select(sources, [], [], 0.25)
            if self._wakeup[0] in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wakeup[0], 512)
            if output in ready:
                data = os.read(output, CHUNK)
                if data:
                    self.log.feed(data)
                else:
                    # The trainer closed its output and continues: a pipe at its end is always readable and would keep the loop spinning.
                    sources.remove(output)
            self.log.rest()

    def _drain_rest(self, output):
        until = time.monotonic() + OUTPUT_SECONDS
        while time.monotonic() < until:
            ready, _, _ = select.select([output], [], [], 0.05)
            data = os.read(output, CHUNK) if ready else b""
            if data:
                self.log.feed(data)
            elif ready or not _children(os.getpid()):
                break
        os.close(output)

    def _signal_group(self, number):
        if self.status is None and self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
                return
            # Between fork and setpgid there is no group yet.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.peak = max(self.peak, usage.ru_maxrss / (1024.0 if LINUX else 1048576.0))
            if pid == self.pid:
                self.status = status
                self._process.returncode = 0  # so that Popen does not wait for it

    def _end_tree(self):
        """Ends everything that the trainer started: as subreaper the warden inherits even daemons."""
        if self.pid is None:
            return
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            _kill(_descendants(os.getpid()))
            self._reap()
            if self.status is not None and not _children(os.getpid()):
                return
            time.sleep(0.02)

    def _reserve(self):
        with contextlib.suppress(OSError), open(os.path.join(self.folder, ".exit.json"), "wb") as file:
            file.write(b" " * RECORD_BYTES)
            file.flush()
            os.fsync(file.fileno())

    def _say_who(self):
        _replace(
            os.path.join(self.folder, "worker.json"),
            {
                "warden_pid": os.getpid(),
                "warden_birth": self.birth,
                "pid": self.pid,
                "birth": _birth(self.pid) if self.pid else None,
                "boot_id": self.boot,
                "started_at": self.started_at,
                "stood_by": round(self.stood_by, 3),  # seconds of the warden's life before this job
            },
        )

    def _record(self, exit_code=None):
        """Records how it ended, as the last step, in space reserved at the start, so that a full disk does not prevent it."""
        number = None
        if self.status is not None:
            if os.WIFSIGNALED(self.status):
                number = os.WTERMSIG(self.status)
            else:
                exit_code = os.WEXITSTATUS(self.status)
        group_kills, all_kills = _oom_kills()
        by_kernel = number == signal.SIGKILL and not self.killed
        text = json.dumps(
            {
                "exit_code": exit_code,
                "signal": signal.Signals(number).name if number in set(signal.Signals) else (number and f"SIG{number}"),
                "peak_memory_mb": round(self.peak, 1),
                "ended_at": _now(),
                "seconds": round(time.monotonic() - self.began, 3),
                "stopped_by": "cancel" if self.cancelled else None,
                "oom": group_kills > self.kills_before[0] or (by_kernel and all_kills > self.kills_before[1]),
                "log_lines_lost": self.log.lost,
            }
        ).encode()
        aside, path = os.path.join(self.folder, ".exit.json"), os.path.join(self.folder, "exit.json")
        for pause in (0.2, 0.5, 1, 2, 4, 0):
            try:
                descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
                try:
                    os.pwrite(descriptor, text.ljust(RECORD_BYTES), 0)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                os.replace(aside, path)
                return
            except OSError:
                if not pause:
                    raise
                time.sleep(pause)


class Requests:
    """What the app sends: lines of JSON, which may arrive together, and descriptors with the last one."""

    def __init__(self, control):
        self.control = control
        self.descriptors = []
        self._data = b""

    def complete(self):
        """Whether a whole request has arrived."""
        return b"\n" in self._data

    def read(self):
        """The next request; None at the end of the socket."""
        while not self.complete():
            part, descriptors, _, _ = socket.recv_fds(self.control, 1 << 16, 2)
            self.descriptors += descriptors
            if not part:
                return None
            self._data += part
        line, _, self._data = self._data.partition(b"\n")
        return json.loads(line)


class WarmTrainer:
    """A trainer that has imported its libraries and waits for a job, which it then runs itself: no process outlives it or depends on it."""

    def __init__(self, request):
        self._channel, its = socket.socketpair()
        self.output, write_end = os.pipe()
        try:
            argv = [*request["argv"], str(its.fileno())]
            self.process = _spawn(argv, request["env"], request["cwd"], write_end, (its.fileno(),))
        finally:
            its.close()
            os.close(write_end)
        self._began = time.monotonic()
        self._ready = False

    def age(self):
        """The seconds since it was started."""
        return time.monotonic() - self._began

    def wait(self, requests, seconds):
        """The job that the app requests; None where none comes, or the trainer ends."""
        until = time.monotonic() + seconds
        while not requests.complete():
            ready, _, _ = select.select([requests.control, self._channel], [], [], max(0.0, until - time.monotonic()))
            if requests.control in ready:
                break
            if not ready or self._channel.recv(64) != b"ready\n":
                return None
            self._ready = True
            with contextlib.suppress(OSError):  # an app that has just ended: the socket reports it next
                requests.control.sendall(f"ready {self.process.pid}\n".encode())
        return requests.read()

    def begin(self, command):
        """Hands it the job's command; returns why it cannot be used, or an empty text once it has begun."""
        until = time.monotonic() + (READY_SECONDS if self._ready else IMPORT_SECONDS)
        said = b""
        try:
            self._channel.sendall(json.dumps(command).encode() + b"\n")
            while True:
                ready, _, _ = select.select([self._channel], [], [], max(0.0, until - time.monotonic()))
                if not ready:
                    return "it does not answer"
                part = self._channel.recv(4096)
                if not part:
                    return "it has ended"
                said = (said + part).replace(b"ready\n", b"")
                if said.endswith(b"\n"):
                    break
        except OSError as error:
            return f"it cannot be reached ({error.strerror})"
        self._channel.close()
        return "" if said == b"begins\n" else said.decode("utf-8", "replace").strip()

    def end(self):
        """Kills it and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._channel.close()
        os.close(self.output)


class Log:
    """The log file: complete lines with their time, in bounded memory, for any input and on a full disk."""

    def __init__(self, path, unfinished):
        self.lost = 0
        # The first state of a bar after other text gets a line of its own: a bar that is redrawn after printed text shows
        # that text's step, while the state before may be some steps old.
        self.keep_bars = False
        self._bar_due = True
        self._unfinished = unfinished
        self._shown = b""
        self._shown_at = 0.0
        self._told = 0
        self._state = b""  # the last state before a carriage return that was not empty
        self._state_bytes = 0
        self._part = bytearray()
        self._part_bytes = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            self._write([b""])  # an earlier warden was killed while it wrote

    def feed(self, data):
        """Takes the trainer's output, in pieces of any size."""
        stamp = _now().encode()
        lines = []
        pieces = data.split(b"\n")
        for last, piece in enumerate(pieces, 1 - len(pieces)):
            states = piece.split(b"\r")
            for left, state in enumerate(states, 1 - len(states)):
                self._part_bytes += len(state)
                if len(self._part) < RAW_LIMIT:
                    self._part += state[: RAW_LIMIT - len(self._part)]
                if left:
                    lines += [stamp + b" " + bar for bar in self._keep_state()]
            if last:
                lines += [stamp + b" " + text for text in self._line()]
        if lines:
            self._write(lines)

    def rest(self):
        """Writes the line that is being redrawn (a progress bar) to a small file, at most once a second."""
        if self.keep_bars and self._bar_due and b"%|" in self._part:
            self._bar_due = False
            self._write([_now().encode() + b" " + _clean(bytes(self._part), self._part_bytes)])
        now = time.monotonic()
        if now - self._shown_at < 1:
            return
        text = bytes(self._part[:RAW_LIMIT]) or self._state
        if text == self._shown:
            return
        self._shown_at, self._shown = now, text
        # Only for display, so a failed write loses nothing.
        with contextlib.suppress(OSError):
            if text:
                with open(self._unfinished + ".new", "wb") as file:
                    file.write(_clean(text, len(text)))
                os.replace(self._unfinished + ".new", self._unfinished)
            else:
                os.unlink(self._unfinished)

    def say(self, text):
        """Writes a line of the warden's own."""
        self.feed(text.replace("\n", " ").encode("utf-8", "replace") + b"\n")

    def close(self):
        """Writes the unfinished last line."""
        if self._part or self._state:
            self.feed(b"\n")
        if self.lost > self._told:
            self._write([])
        with contextlib.suppress(OSError):
            os.unlink(self._unfinished)
        with contextlib.suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)

    def _keep_state(self):
        bars = []
        if self._part.strip():
            if self.keep_bars and self._bar_due and b"%|" in self._part:
                bars.append(_clean(bytes(self._part), self._part_bytes))
                self._bar_due = False
            self._state, self._state_bytes = bytes(self._part), self._part_bytes
        self._part.clear()
        self._part_bytes = 0
        return bars

    def _line(self):
        if b"%|" in self._part:
            self._bar_due = False  # this line is one
        bars = self._keep_state()
        text = _clean(self._state, self._state_bytes)
        self._state, self._state_bytes = b"", 0
        self._bar_due = self._bar_due or (bool(text) and b"%|" not in text)
        return [*bars, text]

    def _write(self, lines):
        """Writes each line completely or not at all: on a full disk draining continues, and the lost lines are counted."""
        news = list(lines)
        if self.lost > self._told:
            word = "line was" if self.lost - self._told == 1 else "lines were"
            news.insert(0, f"{_now()} {self.lost - self._told} {word} lost here: the log could not be written.".encode())
        data = b"\n".join(news) + b"\n"
        before = os.fstat(self._file).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:] if written else data)
            self._told = self.lost
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, before)
            self.lost += len(lines)


def _clean(raw, size):
    """One line as text without escape codes and control characters, at most LINE_LIMIT bytes, with a mark at the cut."""
    text = raw.decode("utf-8", "replace")
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPES.sub("", text)
    data = _CONTROLS.sub("", text).rstrip().encode("utf-8", "replace")
    if size <= RAW_LIMIT and len(data) <= LINE_LIMIT:
        return data
    mark = f" … [cut: the line has {size} bytes]".encode()
    return data[: LINE_LIMIT - len(mark)].decode("utf-8", "ignore").encode() + mark


def _spawn(argv, env, cwd, output, descriptors=()):
    """Starts a trainer in a process group of its own, which the kernel kills with the warden."""
    parent = os.getpid()

    def before_exec():
        os.setpgid(0, 0)
        if LINUX:
            _control_process(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(71)
            # If memory runs out, the kernel should kill the trainer, not the app.
            with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
                file.write("500")

    return subprocess.Popen(
        argv,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=before_exec,
        pass_fds=descriptors,
    )


def _control_process(option, value):
    if _LIBC is not None:
        _LIBC.prctl(option, value, 0, 0, 0)


def _lock(path, descriptor):
    # Inherited already locked from the app, so that the lock is held without a gap.
    if descriptor is None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    os.set_inheritable(descriptor, False)
    until = time.monotonic() + 5
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError:
            if time.monotonic() > until:
                return None
        time.sleep(0.02)


def _replace(path, value):
    aside = path + ".new"
    with open(aside, "w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _now():
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def _boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return _output(["sysctl", "-n", "kern.boottime"])


def _birth(pid):
    if LINUX:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                return file.read().rpartition(b")")[2].split()[19].decode()
        except OSError:
            return None
    return _output(["ps", "-o", "stat=,lstart=", "-p", str(pid)]).partition(" ")[2].strip() or None


def _parents():
    """The parent of each process of this machine (or container)."""
    if not LINUX:
        pairs = (line.split() for line in _output(["ps", "-axo", "pid=,ppid="]).splitlines())
        return {int(pid): int(parent) for pid, parent in pairs}
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{entry}/stat", "rb") as file:
                parents[int(entry)] = int(file.read().rpartition(b")")[2].split()[1])
    return parents


def _children(pid):
    return [child for child, parent in _parents().items() if parent == pid]


def _descendants(pid):
    parents = _parents()
    found, front = [], [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found


def _kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _oom_kills():
    """How often the kernel has killed for memory: in the warden's control group, and on the whole machine."""
    groups = 0
    paths = []
    with contextlib.suppress(OSError), open("/proc/self/cgroup") as file:
        for line in file.read().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                paths += [f"/sys/fs/cgroup{path.rstrip('/')}/memory.events", "/sys/fs/cgroup/memory.events"]
            elif "memory" in controllers.split(","):
                # In a container the path is the host's, and the group is mounted at the root.
                paths += [f"/sys/fs/cgroup/memory{path.rstrip('/')}/memory.oom_control", "/sys/fs/cgroup/memory/memory.oom_control"]
    for path in paths:
        with contextlib.suppress(OSError, ValueError), open(path) as file:
            counts = dict(line.split() for line in file.read().splitlines())
            if "oom_kill" in counts:
                groups = int(counts["oom_kill"])
                break
    machine = 0
    with contextlib.suppress(OSError, ValueError), open("/proc/vmstat") as file:
        machine = int(dict(line.split() for line in file.read().splitlines()).get("oom_kill", 0))
    return groups, machine


def _output(argv):
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=5, env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv))
