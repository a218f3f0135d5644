"""Each fault is planted in an otherwise clean split; exactly the findings it deserves must appear."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.ragged import Ragged
from vitrina.data.splits import PROTOCOLS, Label, Split, default_split, make_split
from vitrina.evaluation.audit import CODES, audit, detectable_difference
from vitrina.evaluation.audit_view import percent

T0 = 1_000_000_000
NOW = 1_700_000_000
PER_USER = (Label.TRAIN,) * 10 + (Label.VALIDATION,) * 2 + (Label.TEST,) * 2


@dataclass
class Rows:
    """A split as a table of events that faults can be planted in."""

    frame: pl.DataFrame
    protocol: str = "global-time"
    settings: dict | None = None
    repeats: bool = False
    candidates: dict | None = None

    def plant(self, *events, **columns) -> "Rows":
        """Append (user, item, timestamp, label) events."""
        rows = pl.DataFrame(events, schema=["user", "item", "timestamp", "label"], orient="row")
        rows = rows.cast({"timestamp": pl.Int64, "label": pl.UInt8})
        return replace(self, frame=pl.concat([self.frame, rows], how="diagonal"), **columns)

    def change(self, row: int, **values) -> "Rows":
        """Change one event."""
        index = pl.int_range(pl.len()) == row
        return replace(
            self, frame=self.frame.with_columns(pl.when(index).then(v).otherwise(c).alias(c) for c, v in values.items())
        )

    def find(self, user: str, label: Label, nth: int = 0) -> tuple[int, dict]:
        """Row number and content of one event of a user."""
        found = self.frame.with_row_index().filter(pl.col("user") == user, pl.col("label") == label).row(nth, named=True)
        return found["index"], found

    def split(self) -> Split:
        data = Dataset.from_frame(self.frame.drop("label"), info=DatasetInfo(name="planted", repeats=self.repeats))
        settings = {"order": "time"} if self.settings is None else self.settings
        return Split(data, self.frame["label"].to_numpy(), self.protocol, settings, 0, self.candidates or {})

    def audit(self):
        return audit(self.split(), now=NOW)

    def codes(self):
        return {finding.code: finding.severity for finding in self.audit().findings}


def clean(n_users=100, n_items=40) -> Rows:
    """A global time split with nothing to find: 10 training, 2 validation and 2 test events a user, popularity alike."""
    random = np.random.default_rng(5)
    events = []
    for user in range(n_users):
        items = random.choice(n_items, len(PER_USER), replace=False)
        for label, item in zip(PER_USER, items, strict=True):
            moment = T0 + 10_000_000 * int(label) + int(random.integers(10_000_000 - 1))
            events.append((f"u{user}", f"i{item}", moment, int(label)))
    # One who only trains, so that the future can leak without touching their own targets.
    events += [("trainer", f"i{item}", T0 + item, int(Label.TRAIN)) for item in range(n_items)]
    frame = pl.DataFrame(events, schema=["user", "item", "timestamp", "label"], orient="row")
    return Rows(frame.cast({"timestamp": pl.Int64, "label": pl.UInt8}))


@pytest.fixture(scope="module")
def good() -> Rows:
    return clean()


def late(rows: Rows, user: str) -> Rows:
    """Date one of the user's training events after everything else."""
    index, _ = rows.find(user, Label.TRAIN)
    return rows.change(index, timestamp=T0 + 90_000_000)


def test_nothing_is_found_in_a_clean_split(good):
    report = good.audit()
    assert report.findings == []
    assert not report.fatal
    assert report.verdict.startswith("Sound")
    assert "With 100 test users" in report.verdict
    assert report.test_events == 200


class TestFuture:
    def test_a_later_training_event_of_somebody(self, good):
        assert late(good, "trainer").codes() == {"future-leak-global": "fatal"}

    def test_a_later_training_event_of_the_same_user(self, good):
        report = late(good, "u7").audit()
        assert report.codes == {"future-leak-user", "future-leak-global"}
        assert report.fatal
        found = {finding.code: finding for finding in report.findings}
        assert found["future-leak-user"].count == 2  # both test targets of u7
        assert found["future-leak-user"].share == pytest.approx(2 / 200)
        assert all(example.startswith("user 'u7', item 'i") for example in found["future-leak-user"].examples)
        assert found["future-leak-global"].count == 200
        assert "validation: 200" in found["future-leak-global"].sentence

    def test_last_out_claims_an_order_for_each_user_only(self, good):
        rows = replace(good, protocol="leave-last-out")
        assert late(rows, "trainer").codes() == {"future-leak-global": "warning"}
        assert late(rows, "u7").codes() == {"future-leak-user": "fatal", "future-leak-global": "warning"}

    def test_a_ratio_by_time_claims_it_too(self, good):
        rows = replace(good, protocol="per-user-ratio", settings={"by": "time", "order": "time"})
        assert late(rows, "u7").codes()["future-leak-user"] == "fatal"

    @pytest.mark.parametrize("protocol", ["leave-one-out", "k-fold", "published"])
    def test_random_protocols_are_warned_about_not_refused(self, good, protocol):
        report = late(replace(good, protocol=protocol, settings={}), "u7").audit()
        assert {f.code: f.severity for f in report.findings} == {"future-leak-user": "warning", "future-leak-global": "warning"}
        assert not report.fatal
        assert "random split works" in report.findings[0].sentence
        assert report.verdict.startswith("Usable with care: targets older than their user's own history; training data from")

    def test_validation_alone_is_checked_too(self, good):
        index, _ = good.find("u7", Label.TRAIN)
        report = good.change(index, timestamp=T0 + 29_999_999).audit()  # late in validation, before test
        assert report.codes == {"future-leak-user", "future-leak-global"}
        assert all("validation targets" in finding.sentence for finding in report.findings)

    def test_history_of_a_held_out_test_user_is_no_training_data(self, good):
        index, event = good.find("u7", Label.TEST)
        rows = good.change(index, label=int(Label.TEST_HISTORY), timestamp=event["timestamp"] + 50_000_000)
        assert rows.codes() == {"future-leak-user": "fatal"}

    def test_dates_after_now(self, good):
        index, _ = good.find("u7", Label.TEST)
        report = good.change(index, timestamp=NOW * 1000).audit()
        assert report.codes == {"future-timestamps"}
        assert "milliseconds" in report.findings[0].sentence


class TestMissingTimes:
    @pytest.mark.parametrize("missing", [None, 0])
    @pytest.mark.parametrize("label", [Label.TRAIN, Label.TEST])
    def test_where_order_is_claimed(self, good, missing, label):
        index, _ = good.find("u7", label)
        report = good.change(index, timestamp=missing).audit()
        assert report.codes == {"missing-timestamps"}
        assert report.fatal
        assert report.findings[0].count == 1

    def test_where_the_order_is_that_of_the_source(self, good):
        index, _ = good.find("u7", Label.TRAIN)
        rows = replace(good.change(index, timestamp=None), protocol="leave-last-out", settings={"order": "source"})
        assert rows.codes() == {"missing-timestamps": "warning"}

    def test_where_none_is_claimed(self, good):
        rows = replace(good, frame=good.frame.drop("timestamp"), protocol="leave-one-out", settings={})
        report = rows.audit()
        assert {f.code: f.severity for f in report.findings} == {"missing-timestamps": "note"}
        assert report.findings[0].sentence.startswith("No event has a timestamp")

    def test_an_unused_event_needs_none(self, good):
        assert good.plant(("u7", "i1", None, 0)).codes() == {"unused-events": "note"}


class TestPairs:
    def test_a_duplicate_event(self, good):
        _, event = good.find("u7", Label.TRAIN)
        report = good.plant((event["user"], event["item"], event["timestamp"], 1)).audit()
        assert report.codes == {"duplicate-events"}
        assert report.findings[0].severity == "warning"
        assert report.findings[0].examples[0].startswith(f"user 'u7', item '{event['item']}' at 20")

    def test_a_test_item_in_the_history(self, good):
        _, event = good.find("u7", Label.TEST)
        report = good.plant(("u7", event["item"], T0 + 10_000_000, 1)).audit()
        assert {f.code: f.severity for f in report.findings} == {"target-in-history": "fatal"}
        assert report.findings[0].count == 1
        assert report.verdict.startswith("Do not use this split: test items inside histories. 1 of 200 test targets (0.5 %)")

    def test_a_validation_item_in_the_history(self, good):
        _, event = good.find("u7", Label.VALIDATION)
        report = good.plant(("u7", event["item"], T0 + 10_000_000, 1)).audit()
        assert report.codes == {"target-in-history"}
        assert "validation targets" in report.findings[0].sentence

    def test_where_people_repeat_themselves_it_is_a_note(self, good):
        _, event = good.find("u7", Label.TEST)
        rows = good.plant(("u7", event["item"], T0 + 10_000_000, 1), repeats=True)
        assert rows.codes() == {"repeat-targets": "note"}

    def test_one_pair_in_validation_and_test(self, good):
        _, event = good.find("u7", Label.TEST)
        assert good.plant(("u7", event["item"], T0 + 25_000_000, 2)).codes() == {"validation-test-overlap": "fatal"}

    def test_a_copy_across_parts_has_both_names(self, good):
        _, event = good.find("u7", Label.TEST)
        rows = replace(good, protocol="leave-one-out").plant(("u7", event["item"], event["timestamp"], 1))
        assert {"duplicate-events", "target-in-history"} <= set(rows.codes())

    def test_many_repeated_pairs_ask_for_the_flag(self, good):
        extra = [("trainer", f"i{n}", T0 + 100 + n, 0) for n in range(20)]
        report = good.plant(*extra).audit()
        assert report.codes == {"repeated-pairs", "unused-events"}
        assert "20 of them repeat" in {f.code: f for f in report.findings}["unused-events"].sentence

    def test_events_of_two_kinds_are_no_duplicates(self, good):
        _, event = good.find("u7", Label.TRAIN)
        rows = good.plant((event["user"], event["item"], event["timestamp"], 1))
        kinds = pl.Series("kind", ["like"] * good.frame.height + ["buy"])
        assert replace(rows, frame=rows.frame.with_columns(kinds)).codes() == {}


class TestSupport:
    def test_empty_parts(self, good):
        def without(label):
            kept = pl.when(pl.col("label") == int(label)).then(0).otherwise("label").cast(pl.UInt8).alias("label")
            return replace(good, frame=good.frame.with_columns(kept))

        assert without(Label.TEST).codes() == {"empty-part": "fatal", "unused-events": "note"}
        assert without(Label.VALIDATION).codes() == {"no-validation": "warning", "unused-events": "note"}
        assert without(Label.TRAIN).codes()["empty-part"] == "fatal"
        assert "nothing to learn from" in without(Label.TRAIN).audit().verdict

    def test_few_test_users(self):
        report = clean(n_users=30, n_items=20).audit()
        assert report.codes == {"few-test-users"}
        assert "no winner" in report.verdict
        assert not report.fatal

    def test_users_without_history(self, good):
        report = good.plant(("stranger", "i3", T0 + 35_000_000, 3)).audit()
        assert {f.code: f.severity for f in report.findings} == {"cold-users": "note"}
        assert report.findings[0].sentence.startswith("1 of 101 test users have no history (0.5 % of the test events)")
        many = good.plant(*[(f"stranger{n}", f"i{n}", T0 + 35_000_000, 3) for n in range(40)])
        assert many.codes() == {"cold-users": "warning"}

    def test_items_without_training_data(self, good):
        assert good.plant(("u7", "new", T0 + 35_000_000, 3)).codes() == {"cold-items": "note"}
        many = good.plant(*[(f"u{n}", "new", T0 + 35_000_000, 3) for n in range(30)]).codes()
        assert many["cold-items"] == "warning"
        intended = replace(good, protocol="cold-items").plant(*[(f"u{n}", "new", T0 + 35_000_000, 3) for n in range(30)])
        assert intended.codes()["cold-items"] == "note"

    def test_popularity_drift(self, good):
        # All test events move to three items.
        moved = pl.when(pl.col("label") == 3).then(pl.lit("i") + (pl.int_range(pl.len()) % 3).cast(pl.String)).otherwise("item")
        rows = replace(good, frame=good.frame.with_columns(item=moved), repeats=True)
        found = {f.code: f for f in rows.audit().findings}
        assert set(found) <= {"popularity-drift", "repeat-targets", "duplicate-events"}
        assert found["popularity-drift"].severity == "warning"
        assert "recent popularity" in found["popularity-drift"].sentence
        random = {f.code: f for f in replace(rows, protocol="leave-one-out", settings={}).audit().findings}
        assert "check how the test events were chosen" in random["popularity-drift"].sentence

    def test_constant_users(self, good):
        values = pl.Series("value", np.arange(good.frame.height) % 5 + 1).cast(pl.Float32)
        rows = replace(good, frame=good.frame.with_columns(values))
        assert rows.codes() == {}
        unvarying = pl.when(pl.col("user").is_in(["u1", "u2", "u3"])).then(4).otherwise("value").alias("value")
        report = replace(rows, frame=rows.frame.with_columns(unvarying)).audit()
        assert {f.code: f.severity for f in report.findings} == {"constant-users": "note"}
        assert report.findings[0].count == 3
        assert report.findings[0].examples == ["user 'u1'", "user 'u2'", "user 'u3'"]

    def test_users_of_a_single_item(self, good):
        item = pl.when(pl.col("user").is_in(["u1", "u2"])).then(pl.lit("i5")).otherwise("item").alias("item")
        rows = replace(good, frame=good.frame.with_columns(item), repeats=True)
        found = {f.code: f for f in rows.audit().findings}
        assert found["constant-users"].count == 2
        assert "2 with a single item" in found["constant-users"].sentence

    def test_ties_at_the_end_of_histories(self, good):
        last = pl.col("timestamp").filter(pl.col("label") == 2).max().over("user")
        tied = pl.when(pl.col("label") == 3).then(last).otherwise("timestamp").alias("timestamp")
        rows = replace(good, frame=good.frame.with_columns(tied), protocol="leave-last-out")
        codes = rows.codes()
        assert codes == {"time-ties": "note", "future-leak-global": "warning"}
        report = replace(rows, settings={"order": "time", "ties": "seeded"}).audit()
        assert "at random (seeded)" in report.findings[-1].sentence

    def test_labels_that_mean_nothing(self, good):
        index, _ = good.find("trainer", Label.TRAIN)
        assert good.change(index, label=7).codes() == {"unknown-labels": "fatal"}


class TestCandidates:
    def lists(self, good, change=None):
        part = good.split().open_test()
        rows = [sorted(set(range(40)) - set(part.queries.histories.row(r).tolist())) for r in range(len(part))]
        if change:
            change(rows, part)
        offsets = np.cumsum([0, *map(len, rows)])
        return replace(good, candidates={"test": Ragged(offsets, np.concatenate(rows).astype(np.int32))})

    def test_sound_lists_are_noted_as_sampled(self, good):
        assert self.lists(good).codes() == {"sampled-candidates": "note"}

    def test_an_item_twice(self, good):
        def twice(rows, part):
            rows[3].append(int(part.targets.row(3)[0]))

        found = {f.code: f for f in self.lists(good, twice).audit().findings}
        assert set(found) == {"sampled-candidates", "candidate-duplicates"}
        assert found["candidate-duplicates"].count == 1
        assert found["candidate-duplicates"].examples == ["user 'u3'"]

    def test_a_target_that_cannot_be_found(self, good):
        def lost(rows, part):
            rows[99].remove(part.targets.row(99)[1])

        rows = self.lists(good, lost)
        assert rows.codes() == {"sampled-candidates": "note", "target-not-candidate": "fatal"}
        assert rows.audit().findings[0].examples[0].startswith("user 'u99'")

    def test_empty_lists(self, good):
        rows = self.lists(good, lambda rows, _: [row.clear() for row in rows])
        assert rows.codes()["target-not-candidate"] == "fatal"

    def test_lists_of_other_users(self, good):
        assert self.lists(good, lambda rows, _: rows.pop()).codes() == {"candidates-misaligned": "fatal"}

    def test_one_shared_list(self, good):
        everything = np.arange(40, dtype=np.int32)
        assert replace(good, candidates={"test": everything, "validation": everything}).codes() == {}
        codes = replace(good, candidates={"test": np.append(everything[1:], 5).astype(np.int32)}).codes()
        assert codes == {"target-not-candidate": "fatal", "candidate-duplicates": "warning"}


class TestPower:
    def test_simulated_power_is_four_fifths(self):
        random = np.random.default_rng(0)
        for n, disagreement in ((400, 0.2), (3000, 0.2), (400, 0.5)):
            difference = detectable_difference(n, disagreement)
            won, lost = (disagreement + difference) / 2, (disagreement - difference) / 2
            wins, losses, _ = random.multinomial(n, [won, lost, 1 - disagreement], 20_000).T
            # McNemar's test, the normal approximation that the formula is for.
            power = np.mean(np.abs(wins - losses) / np.sqrt(wins + losses) > 1.96)
            assert power == pytest.approx(0.8, abs=0.03)

    def test_bounds(self):
        assert detectable_difference(0) is None
        assert detectable_difference(1, 1.0) == 1.0
        values = [detectable_difference(n) for n in (1, 2, 5, 50, 1000, 10**6)]
        assert values == sorted(values, reverse=True)


def test_everything_is_json_and_every_code_has_words(good):
    report = late(good, "u7").audit()
    back = json.loads(json.dumps(report.model_dump()))
    assert back["fatal"] is True
    assert back["verdict"].startswith("Do not use this split")
    assert back["findings"][0]["examples"]
    assert set(back) >= {"protocol", "split", "test_users", "detectable_difference", "findings"}
    assert {finding["code"] for finding in back["findings"]} <= set(CODES)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (1e-6, "under 0.1 %"),
        (0.9999, "over 99.9 %"),
        (0.996, "99.6 %"),
        (0.5, "50 %"),
        (0.0123, "1.2 %"),
    ],
)
def test_shares_in_words(share, text):
    assert percent(share) == text


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_no_protocol_makes_a_fatal_split(name):
    frame = clean(n_users=150).frame.drop("label")
    for repeats in (False, True):
        data = Dataset.from_frame(frame, info=DatasetInfo(repeats=repeats))
        report = audit(make_split(data, name), now=NOW)
        assert not report.fatal, report.verdict
        if name in ("global-time", "default"):
            assert not report.codes & {"future-leak-user", "future-leak-global"}


def test_nothing_but_unused_events():
    data = clean(n_users=3, n_items=20).split().dataset
    report = audit(Split(data, np.zeros(len(data), np.uint8), "published"), now=NOW)
    assert report.fatal
    assert report.codes == {"empty-part", "no-validation", "unused-events"}
    assert report.detectable_difference is None


def test_no_events_at_all():
    data = clean(n_users=3, n_items=20).split().dataset
    empty = data.keep(np.zeros(len(data), bool))
    assert audit(Split(empty, np.zeros(0, np.uint8), "published"), now=NOW).codes == {"empty-part", "no-validation"}


def folder_of(name: str) -> Path:
    path = Path(os.environ.get("VITRINA_DATA", ""), name)
    if "VITRINA_DATA" not in os.environ or not path.is_dir():
        pytest.skip(f"needs {name} in the folder named by VITRINA_DATA")
    return path


@pytest.mark.needs_data
def test_movielens_100k():
    frame = pl.read_csv(
        folder_of("ml-100k") / "ml-100k.inter", separator="\t", new_columns=["user", "item", "value", "timestamp"]
    )
    frame = frame.cast({"user": pl.String, "item": pl.String, "timestamp": pl.Int64})
    data = Dataset.from_frame(frame, info=DatasetInfo(name="ml-100k"))
    timed = audit(make_split(data, "global-time"))
    assert not timed.fatal
    assert not timed.codes & {"future-leak-user", "future-leak-global", "missing-timestamps", "duplicate-events"}
    assert "cold-users" in timed.codes  # most late raters are new
    assert "time" in default_split(data).settings["by"]
    last = audit(make_split(data, "leave-last-out"))
    assert {"future-leak-global", "time-ties"} <= last.codes
    assert "future-leak-user" not in last.codes
    random = audit(make_split(data, "leave-one-out"))
    assert {"future-leak-user", "future-leak-global"} <= random.codes
    assert "popularity-drift" not in random.codes


@pytest.mark.needs_data
def test_the_known_fault_of_ncf_lists():
    path = folder_of("ml-1m-ncf")
    lines = (path / "ml-1m.test.negative").read_text().splitlines()
    rows = [[int(x) for x in line.replace("(", "").replace(")", "").replace(",", "\t").split()] for line in lines]
    train = pl.read_csv(
        path / "ml-1m.train.rating", separator="\t", has_header=False, new_columns=["user", "item", "value", "timestamp"]
    ).select("user", "item")
    test = pl.DataFrame({"user": [r[0] for r in rows], "item": [r[1] for r in rows]})
    frame = pl.concat([train.with_columns(label=1), test.with_columns(label=3)])
    names = pl.DataFrame({"id": [str(n) for n in range(3706)]})
    data = Dataset.from_frame(frame.select(pl.col("user", "item").cast(pl.String)), items=names)
    order = np.argsort([data.users.code(r[0]) for r in rows])
    lists = np.array([rows[n][1:] for n in order], np.int32)
    ragged = Ragged(np.arange(0, lists.size + 1, 100), lists.ravel())
    report = audit(Split(data, frame["label"].to_numpy().astype(np.uint8), "ncf", candidates={"test": ragged}))
    found = {finding.code: finding for finding in report.findings}
    assert found["candidate-duplicates"].count == 156
    expected = {
        "candidate-duplicates",
        "sampled-candidates",
        "missing-timestamps",
        "no-validation",
        "popularity-drift",
        "cold-items",
    }
    assert set(found) == expected
    assert found["cold-items"].count == 2
    assert not report.fatal
