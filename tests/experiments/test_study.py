import numpy as np

from vitrina.experiments.study import GROUPS, STUDY, TABLE, study_tests


def test_the_table_holds_methods_of_the_study():
    assert set(TABLE) - {"random"} <= set(STUDY)
    assert len(TABLE) == 10  # 45 pairs, as in the study


def test_signs_say_which_groups_a_method_beats():
    rng = np.random.default_rng(0)
    levels = {"hybrid-fa-dnn": 0.9, "fa": 0.6, "price": 0.3, "dnn": 0.5, "evf": 0.4, "pmpav-color": 0.2, "mpav-color": 0.2}
    values = {"ndcg@10": {name: level + 0.01 * rng.normal(size=200) for name, level in levels.items()}}
    found = study_tests(values, seed=0, clusters=None)
    assert found["n_pairs"] == 21
    marks = {name: set(signs["ndcg@10"]) for name, signs in found["marks"].items()}
    assert marks == {
        "hybrid-fa-dnn": {"▼", "♦", "□"},
        "fa": {"▼", "♦", "□"},
        "price": {"▼"},
        "dnn": {"▼", "♦"},
        "evf": {"▼"},
        "pmpav-color": set(),
        "mpav-color": set(),
    }
    assert {sign for sign, _ in GROUPS.values()} == {"", "□", "♦", "▼"}


def test_correction_is_over_all_pairs_of_the_table_only():
    rng = np.random.default_rng(1)
    base = rng.normal(size=300)
    values = {"ndcg@10": {"fa": base + 0.1 * rng.normal(size=300) + 0.02, "dnn": base, "itemknn": base, "ease": base}}
    found = study_tests(values, seed=0, clusters=None)
    (pair,) = found["pairs"]
    assert found["methods"] == ["fa", "dnn"]
    assert pair["p_bonferroni"] == pair["p_t"]


def test_sessions_of_one_person_count_once():
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(12), 40)
    effect = rng.normal(0.2, 0.5, 12)[person]
    values = {"ndcg@10": {"fa": effect, "dnn": np.zeros(person.size)}}
    alone = study_tests(values, seed=0, clusters=None)["pairs"][0]["p_t"]
    together = study_tests(values, seed=0, clusters=person)["pairs"][0]["p_t"]
    assert alone < 1e-6 < together
