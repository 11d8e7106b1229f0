"""Run a learner's code so that neither an endless loop nor a borrowed answer gets past."""

import contextvars
import ctypes
import inspect
import sys
import threading


class OutOfTimeError(Exception):
    """The code had not ended when its time was up."""


class BorrowedAnswerError(Exception):
    """The code called the very function that it was to write."""


def codes_of(function):
    """The code objects of a function, or of the methods of a class; none for compiled ones."""
    function = inspect.unwrap(function)
    members = vars(function).values() if inspect.isclass(function) else [function]
    return [member.__code__ for member in members if hasattr(member, "__code__")]


def run_guarded(call, seconds, reference):
    """`call()` in a thread of its own: its result, or what it raised.

    A thread is the one thing that can be given up on every system, whether or not the kernel
    runs the cell in its main thread. Code that is stuck inside compiled code cannot be stopped;
    it is left behind, and the notebook goes on.

    Raises OutOfTimeError, and BorrowedAnswerError where `call` reached `reference`.
    """
    borrowed = {id(code) for code in codes_of(reference)}
    result = {}

    def watch(frame, event, compiled):
        if (event == "call" and id(frame.f_code) in borrowed) or (
            event == "c_call" and compiled is reference
        ):
            result["borrowed"] = True

    def work():
        sys.setprofile(watch)  # for this thread only
        try:
            result["value"] = call()
        except BaseException as error:  # also SystemExit: nothing may leave this thread
            result["error"] = error
        finally:
            sys.setprofile(None)

    # With the context of the cell, what the code prints appears under the cell.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:  # also when the learner presses "interrupt" while waiting
        late = thread.is_alive()
        if late:
            stop(thread)
    if result.get("borrowed"):
        raise BorrowedAnswerError
    if late:
        raise OutOfTimeError
    if "error" in result:
        raise result["error"]
    return result["value"]


def stop(thread, attempts=5):
    """Raise SystemExit inside the thread; more than once, since a bare `except:` swallows it."""
    for _ in range(attempts):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
        )
        thread.join(0.1)
        if not thread.is_alive():
            return
