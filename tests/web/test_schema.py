"""The interface does what its OpenAPI description says, whatever it is asked."""

from __future__ import annotations

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis")

from hypothesis import given, settings
from schemathesis.checks import positive_data_acceptance

from nlac.web.app import create_app
from nlac.web.settings import Settings


def test_answers_are_those_described(archive):
    app = create_app(Settings(folder=archive, stream=True, hosts=()))
    description = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    checked = set()
    try:
        for found in description.get_all_operations():
            operation = found.ok()

            @given(case=operation.as_strategy())
            @settings(max_examples=12)
            def check(case):
                # what fits the description may still be no audio
                case.call_and_validate(excluded_checks=[positive_data_acceptance])

            check()
            checked.add(operation.label)
    finally:
        app.state.nlac.close()
    # so that none is left out unseen
    assert {"POST /api/uploads", "POST /api/jobs", "GET /api/library"} <= checked
    assert len(checked) >= 14
