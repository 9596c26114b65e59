"""Words that end contact: whole messages only, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoflows.domain.opt_out import COURTESIES, START_WORDS, STOP_WORDS, fold, is_opt_in, is_opt_out
from tests.domain.settings import THOROUGH

STOPS = [word for words in STOP_WORDS.values() for word in words]
STARTS = [word for words in START_WORDS.values() for word in words]
around = st.text(st.sampled_from(" .,!?…'\"*_-()🛑🙏😡✋\ufe0f\n\t"), max_size=6)


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "Stop.", "stop!!!", "🛑 STOP 🛑", "🛑\ufe0f stop", "S.T.O.P", "STOP STOP", "ＳＴＯＰ", "Please stop", "stop please 🙏",
        "Ok stop",
        "UNSUBSCRIBE", "opt-out", "OPT OUT", "End", "QUIT", "Cancel", "REVOKE", "STOPALL", "Stop promotions",
        "Stop calling me", "please don't contact me", "Please don’t contact me again.", "do not call me anymore",
        "Don't call or message me",
        "Remove me from your list", "take my number off your list", "unsubscribe me from this list", "I want to unsubscribe",
        "I'd like to opt out", "never message me again", "stop sending me messages",
        "band karo", "Band Karo!", "bandh karo ji", "msg mat karo", "mat bhejo plz", "roko", "बंद करो", "बन्द करो।", "बंद", "कृपया मत भेजो",
        "फ़ोन मत करो", "फोन मत करो", "alto", "BAJA", "parar", "no más", "No mas", "cancelar", "Por favor no me llamen más", "dar de baja",
        "arrêt", "ARRET", "بند کرو", "બંધ કરો", "நிறுத்து",
    ],
)  # fmt: skip
def test_what_ends_contact(text: str) -> None:
    assert is_opt_out(text)
    assert not is_opt_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "👍", "ok", "yes", "no", "please", "Not interested", "stop by tomorrow?", "Can you stop by at 5",
        "cancel my earlier order and send a new quote", "cancel the call, message me", "Don't call me tomorrow",
        "don't call me before 5 pm",
        "Don't send the quote yet", "don't send", "the end of the month", "end of day", "I will not quit",
        "I quit my job, is this a vacancy?",
        "please call me and don't email", "band", "band baja", "ruko", "ruko 5 minute", "शादी का बैंड चाहिए", "बंद दुकान",
        "salon para bodas", "para", "no más de 100 piezas", "precio más baja", "alto voltaje", "stop-watch price?",
        "unsubscribe button price", "nonstop",
        "do you have stop valves", "stop valve", "pump stop automatic chahiye", "मत", "remove the tax and resend", "start", "stop " * 60,
    ],
)  # fmt: skip
def test_what_does_not(text: str) -> None:
    assert not is_opt_out(text)


@given(st.sampled_from(STOPS), around, around, st.booleans())
@THOROUGH
def test_case_punctuation_and_emoji_change_nothing(word: str, before: str, after: str, upper: bool) -> None:
    assert is_opt_out(before + (word.upper() if upper else word) + after)


@given(st.sampled_from(STOPS), st.sampled_from(sorted(COURTESIES)))
@THOROUGH
def test_courtesies_change_nothing(word: str, courtesy: str) -> None:
    assert is_opt_out(f"{courtesy} {word}")
    assert is_opt_out(f"{word}, {courtesy}")


@given(
    st.sampled_from(STOPS), st.sampled_from(["and send a new quote", "tomorrow at five", "के बाद दाम बताओ", "del pedido 42", "the order 7"])
)
@THOROUGH
def test_more_than_the_word_is_no_opt_out(word: str, more: str) -> None:
    assert not is_opt_out(f"{word} {more}")
    assert not is_opt_out(f"{more} {word}")


@given(st.text(max_size=200))
@example("0:1:POR")
@THOROUGH
def test_any_text_is_read_and_never_both(text: str) -> None:
    assert not (is_opt_out(text) and is_opt_in(text))
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("word", STARTS)
def test_what_takes_it_back(word: str) -> None:
    assert is_opt_in(f" {word.upper()}! ")
    assert not is_opt_out(word)


def test_nothing_is_nothing() -> None:
    assert not is_opt_out(None)
    assert not is_opt_in(None)
    assert not is_opt_in("start the pump")
