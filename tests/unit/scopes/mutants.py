"""Scopes with one fault each. The laws are worth something only as long as they find every one of them."""

from collections.abc import Mapping
from typing import Any

from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.scopes import LoopRun, Scope, Scopes, SubflowRun, Told
from triggerflow_orchestrator.domain.value import Value, list_of


class LeavesWhatRuns(Scopes):
    """An exit ends the loop and cuts nothing."""

    __slots__ = ()

    def _cut(self, told: Told, scope: Scope) -> None:
        scope.over = True


class LosesAnExit(Scopes):
    """A loop that ends sends nothing on."""

    __slots__ = ()

    def _leave(self, run: LoopRun, exits: Mapping[str, Any]) -> None:
        super()._leave(run, {})
        if exits:
            self._todo.pop()


class GoesRoundTooEarly(Scopes):
    """The next iteration begins as soon as a token went back."""

    __slots__ = ()

    def _left(self, told: Told, scope: Scope, node: PlanNode, lit: Mapping[str, Any]) -> bool:
        left = super()._left(told, scope, node, lit)
        run = scope.deed
        if not left and isinstance(run, LoopRun) and run.back and scope.running:
            scope.over = True
            self._go_round(told, run, scope.number)
            return True
        return left


class GoesRoundForNothing(Scopes):
    """A loop goes round although nothing went back."""

    __slots__ = ()

    def _settled(self, told: Told, scope: Scope) -> None:
        if isinstance(scope.deed, LoopRun):
            scope.over = True
            self._go_round(told, scope.deed, scope.number)
        else:
            super()._settled(told, scope)


class BeginsOneTooMany(Scopes):
    """One child more than the limit."""

    __slots__ = ()

    def _fill(self, told: Told, run: SubflowRun) -> None:
        super()._fill(told, run)
        if not run.over and run.position < len(run.items) and run.items:
            position, run.position = run.position, run.position + 1
            item = run.items[position]
            inputs = item if isinstance(item, dict) else {"item": item}
            self._begin_child(told, run, position, Value(inputs, b"{}"))


class GivesResultsAsTheyCome(Scopes):
    """Results in the order items ended."""

    __slots__ = ()

    def _child_done(self, told: Told, run: SubflowRun, number: int, outputs: Value) -> None:
        if run.plan.mode == "forEach":
            done = sum(result.plain is not None for result in run.results)
            super()._child_done(told, run, done, outputs)
        else:
            super()._child_done(told, run, number, outputs)


class ForgetsAnError(Scopes):
    """A failed item leaves no error behind."""

    __slots__ = ()

    def _subflow_done(self, told: Told, run: SubflowRun, result: Value) -> None:
        run.errors.clear()
        super()._subflow_done(told, run, result)


class GoesOnAfterAFailure(Scopes):
    """A failed item leaves the others running where it should stop them."""

    __slots__ = ()

    def _child_failed(self, told: Told, run: SubflowRun, number: int, failure: Failure) -> None:
        if run.plan.mode == "forEach" and not run.plan.continues:
            self._todo.append((self._fill_on, (run,)))
        else:
            super()._child_failed(told, run, number, failure)


class LosesTheLastItem(Scopes):
    """The list of results lacks its end."""

    __slots__ = ()

    def _subflow_done(self, told: Told, run: SubflowRun, result: Value) -> None:
        super()._subflow_done(told, run, list_of(run.results[:-1]) if run.results else result)


MUTANTS: tuple[type[Scopes], ...] = (
    LeavesWhatRuns,
    LosesAnExit,
    GoesRoundTooEarly,
    GoesRoundForNothing,
    BeginsOneTooMany,
    GivesResultsAsTheyCome,
    ForgetsAnError,
    GoesOnAfterAFailure,
    LosesTheLastItem,
)
