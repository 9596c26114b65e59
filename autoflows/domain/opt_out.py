"""Words by which a person says "no more" (and "go on again") in a reply. Only a whole message counts: "stop by tomorrow?" is no opt-out.

A word too few contacts someone who said no; one too many loses a lead until a person looks. So what stands in the tables is what
nobody writes for anything else, and the sentences are matched to their last word.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120
"""Characters of the longest message that is looked at: what is longer says more than "no more"."""

STOP_WORDS: dict[str, tuple[str, ...]] = {
    "English": (
        "stop", "stopall", "stop all", "unsubscribe", "unsub", "end", "quit", "cancel", "revoke", "optout", "opt out", "opt-out",
        "remove", "remove me", "stop it", "stop this", "stop now", "stop everything", "stop messages", "stop messaging", "stop msg",
        "stop texting", "stop calls", "stop calling", "stop mails", "stop emails", "stop promotions", "stop promotion", "stop promo",
        "stop marketing", "stop spam", "stop spamming", "stop sending", "no more messages", "no more calls", "no more emails",
        "unsubscribe me", "opt me out", "leave me alone", "dnd", "do not disturb", "do not contact", "do not call", "don't call",
    ),
    "Hindi, romanised": (
        "band karo", "band kar do", "band kardo", "band kare", "band karen", "band karein", "band kijiye", "bandh karo", "bandh kar do",
        "bund karo", "mat bhejo", "mat bhejna", "mat bhejiye", "message mat bhejo", "msg mat bhejo", "message mat karo", "msg mat karo",
        "call mat karo", "call mat karna", "phone mat karo", "phone mat karna", "pareshan mat karo", "tang mat karo", "roko", "rok do",
        "mera number hatao", "mera number hata do", "mujhe hatao",
    ),
    "Hindi": (
        "बंद", "बंद करो", "बन्द करो", "बंद कर दो", "बंद करें", "बंद कीजिए", "बंद कीजिये", "मत भेजो", "मत भेजें", "मत भेजिए", "मत भेजना",
        "मैसेज मत भेजो", "मैसेज मत करो", "संदेश मत भेजो", "कॉल मत करो", "कॉल मत करना", "फोन मत करो", "फ़ोन मत करो", "परेशान मत करो",
        "तंग मत करो", "रोको", "रोकें", "रोक दो", "स्टॉप", "मेरा नंबर हटाओ", "मुझे हटाओ",
    ),
    "Spanish": (
        "alto", "baja", "darme de baja", "dame de baja", "dar de baja", "denme de baja", "parar", "para ya", "pare", "paren", "detener",
        "detente", "basta", "salir", "no más", "no más mensajes", "no más llamadas", "cancelar", "cancelar suscripción", "desuscribir",
        "desuscribirme", "no me llames", "no me llamen", "no me llames más", "no me llamen más", "no me escribas", "no me escriban",
        "no me escriban más", "no me contacten", "no me contacten más", "no me molesten", "dejen de llamarme", "deja de llamarme",
        "dejen de escribirme", "deja de escribirme",
    ),
    "Portuguese": ("parem", "pare de me ligar", "sair", "descadastrar", "não me ligue", "não me ligue mais"),
    "French": ("arrêt", "arrêter", "arrêtez", "désabonner", "désinscrire", "me désabonner", "désinscription", "désabonnement"),
    "German": ("stopp", "abmelden", "abbestellen", "austragen", "keine werbung", "keine anrufe mehr"),
    "Arabic": ("توقف", "إيقاف", "ايقاف", "إلغاء الاشتراك"),
    "Urdu": ("بند کرو", "بند کریں"),
    "Marathi": ("बंद करा", "थांबवा", "पाठवू नका"),
    "Gujarati": ("બંધ કરો", "બંધ કરી દો"),
    "Bengali": ("বন্ধ করো", "বন্ধ করুন"),
    "Punjabi": ("ਬੰਦ ਕਰੋ",),
    "Tamil": ("நிறுத்து", "நிறுத்துங்கள்", "நிறுத்தவும்"),
    "Telugu": ("ఆపు", "ఆపండి"),
    "Kannada": ("ನಿಲ್ಲಿಸಿ",),
    "Malayalam": ("നിർത്തുക", "നിർത്തൂ"),
}  # fmt: skip
"""Whole messages that end all contact, by language, as people write them; compared folded."""

STOP_SENTENCES: tuple[str, ...] = (
    r"stop (calling|messaging|texting|emailing|mailing|contacting|spamming|disturbing|bothering|pinging|whatsapping) (me|us)",
    r"stop sending (me |us )?(any |these |more |your )*(messages|message|msgs|texts|emails|mails|promotions|ads|spam)( to me)?",
    r"(do not|dont|never) (call|contact|message|msg|text|email|mail|disturb|bother|ping|whatsapp) (me|us|this number|here)",
    r"(do not|dont) send (me )?(any |more |these )*(messages|message|msgs|texts|emails|mails)",
    r"(do not|dont) (call or message|message or call|call or text|text or call) me",
    r"(remove|delete) (me|my number|my email|my contact|this number)( from (your|the|this) (list|lists|database|records|data))?",
    r"take (me|my number) off (your|the|this) list",
    r"unsubscribe (me )?(from )?(this|these|all|your)( list| lists| messages| emails| mails| updates| promotions)?",
    r"(i (want|wish|need|would like)|want|id like|i d like) to (opt out|unsubscribe|stop (these|your|all) (messages|calls|emails))",
    r"opt out of (this|these|all|your) ?(list|messages|emails|mails|updates|promotions)?",
)
"""English sentences, matched from the first word to the last after folding; `AFTERWARDS` may follow."""
AFTERWARDS = r"( again| ever again| any more| anymore| ever| now| immediately| in future| in the future)*"

START_WORDS: dict[str, tuple[str, ...]] = {
    "English": ("start", "unstop", "restart", "resume", "subscribe", "resubscribe", "optin", "opt in", "opt-in", "opt me in"),
    "Hindi": ("shuru", "shuru karo", "shuru kar do", "chalu karo", "chalu kar do", "शुरू", "शुरु", "शुरू करो", "शुरू कर दो", "चालू करो"),
    "Spanish": ("alta", "darme de alta", "iniciar", "empezar", "comenzar", "reanudar", "suscribir", "suscribirme"),
}
"""Whole messages by which the same person takes an opt-out back."""

COURTESIES = frozenset(
    {"please", "pls", "plz", "plss", "kindly", "sir", "madam", "ji", "bhai", "hi", "hello", "ok", "okay", "thanks", "thank", "you"}
    | {"por", "favor", "gracias", "hola", "kripya", "कृपया", "जी", "प्लीज", "bitte", "svp"}
)
"""What may stand around the words without changing them."""


def fold(text: str) -> str:
    """A message as it is compared: no case, accents, punctuation, emoji or courtesies, words once each ("STOP! stop" is "stop").

    Marks of Indian scripts are part of their letters and stay.
    """
    letters = []
    for letter in unicodedata.normalize("NFKD", text).casefold():
        kind = unicodedata.category(letter)
        if letter in "'’‘`´" or kind == "Cf" or "\u0300" <= letter <= "\u036f" or "\ufe00" <= letter <= "\ufe0f":
            continue  # dropped without a gap: don't, ZERO WIDTH JOINER, accents, variation selectors
        letters.append(letter if kind[0] in "LMN" else " ")
    words = "".join(letters).split()
    while len(words) > 1 and words[0] in COURTESIES:
        words = words[1:]
    while len(words) > 1 and words[-1] in COURTESIES:
        words = words[:-1]
    if len(words) > 1 and all(len(word) == 1 and word.isascii() for word in words):
        words = ["".join(words)]  # S.T.O.P
    return words[0] if len(set(words)) == 1 else " ".join(words)


def _folded(table: dict[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(fold(word) for words in table.values() for word in words)


_STOP, _START = _folded(STOP_WORDS), _folded(START_WORDS)
_SENTENCE = re.compile(f"(?:{'|'.join(STOP_SENTENCES)}){AFTERWARDS}")


def is_opt_out(text: str | None) -> bool:
    """Whether the whole message says "no more contact"."""
    if not text or len(text) > LONGEST:
        return False
    folded = fold(text)
    return folded in _STOP or _SENTENCE.fullmatch(folded) is not None


def is_opt_in(text: str | None) -> bool:
    """Whether the whole message takes an earlier opt-out back."""
    return bool(text) and len(text or "") <= LONGEST and fold(text or "") in _START
