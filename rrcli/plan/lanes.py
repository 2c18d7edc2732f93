"""Steps run side by side: each begins as soon as those are over that it waits for, in threads of which there are so many."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread

from rrcli.plan.order import begins_now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rrcli.plan.step import Step


def run_side_by_side(
    steps: Sequence[Step],
    direct: dict[str, tuple[str, ...]],
    lanes: int,
    run: Callable[[Step], None],
    interrupted: Callable[[Step, KeyboardInterrupt], None],
) -> None:
    """Run all steps in the order in which they may begin, at most `lanes` at the same time.

    Ctrl-C and TERM reach this thread alone: each step that is under way is then told to `interrupted`, and left behind.
    """
    waiting, over, running = list(steps), {name for name in direct if name not in {step.name for step in steps}}, dict[str, "Step"]()
    work: SimpleQueue[Step | None] = SimpleQueue()
    done: SimpleQueue[tuple[Step, BaseException | None]] = SimpleQueue()

    def lane() -> None:
        while step := work.get():
            try:
                run(step)
            except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
                done.put((step, error))
            else:
                done.put((step, None))

    threads = [Thread(target=lane, daemon=True) for _ in range(min(lanes, len(waiting)))]
    for thread in threads:
        thread.start()
    try:
        while waiting or running:
            for step in [each for each in waiting if begins_now(each, direct, over)][: lanes - len(running)]:
                waiting.remove(step)
                running[step.name] = step
                work.put(step)
            step, error = done.get()
            del running[step.name]
            over.add(step.name)
            if error:
                raise error
    except KeyboardInterrupt as signal:
        for step in running.values():
            interrupted(step, signal)
        for step in waiting:
            run(step)  # which says why it is not run any more
    finally:
        for _ in threads:
            work.put(None)


def rows_side_by_side(count: int, lanes: int, run: Callable[[int], None]) -> None:
    """Run rows by their numbers, each begun in its turn, at most `lanes` at the same time.

    Ctrl-C and TERM are raised here; what is under way then goes on by itself. Raises what `run` raises.
    """
    todo: SimpleQueue[int | None] = SimpleQueue()
    done: SimpleQueue[BaseException | None] = SimpleQueue()
    for number in range(count):
        todo.put(number)
    threads = min(lanes, count)

    def lane() -> None:
        error: BaseException | None = None
        try:
            while (number := todo.get()) is not None:
                run(number)
        except BaseException as raised:  # noqa: BLE001  # raised again where somebody can catch it
            error = raised
        done.put(error)

    for _ in range(threads):
        todo.put(None)
        Thread(target=lane, daemon=True).start()
    for _ in range(threads):
        if error := done.get():
            raise error
