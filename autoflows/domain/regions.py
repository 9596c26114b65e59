"""The map: countries by code and English name with their time zones, and the states and provinces of those that span several.

Countries and zones come from the tz database's own tables. A state that lies in several zones names all of them: who lives there may
be in any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

ALIASES = {
    "america": "US", "bharat": "IN", "britain": "GB", "czech republic": "CZ", "emirates": "AE", "england": "GB", "great britain": "GB",
    "holland": "NL", "korea": "KR", "northern ireland": "GB", "republic of india": "IN", "russian federation": "RU", "scotland": "GB",
    "south korea": "KR", "turkey": "TR", "türkiye": "TR", "u.k.": "GB", "u.s.": "US", "u.s.a.": "US", "uae": "AE", "uk": "GB",
    "united arab emirates": "AE", "united kingdom": "GB", "united states of america": "US", "usa": "US", "viet nam": "VN", "wales": "GB",
}  # fmt: skip
"""Names of countries in use that differ from the tz database's."""


@dataclass(frozen=True, slots=True)
class Region:
    """A state, province or territory, and every zone it reaches into."""

    country: str
    code: str
    name: str
    zones: tuple[str, ...]


_TABLES: dict[str, str] = {
    "US": """
        AL|Alabama|America/Chicago
        AK|Alaska|America/Anchorage America/Adak
        AZ|Arizona|America/Phoenix America/Denver
        AR|Arkansas|America/Chicago
        CA|California|America/Los_Angeles
        CO|Colorado|America/Denver
        CT|Connecticut|America/New_York
        DE|Delaware|America/New_York
        DC|District of Columbia|America/New_York
        FL|Florida|America/New_York America/Chicago
        GA|Georgia|America/New_York
        HI|Hawaii|Pacific/Honolulu
        ID|Idaho|America/Boise America/Los_Angeles
        IL|Illinois|America/Chicago
        IN|Indiana|America/Indiana/Indianapolis America/Chicago
        IA|Iowa|America/Chicago
        KS|Kansas|America/Chicago America/Denver
        KY|Kentucky|America/New_York America/Chicago
        LA|Louisiana|America/Chicago
        ME|Maine|America/New_York
        MD|Maryland|America/New_York
        MA|Massachusetts|America/New_York
        MI|Michigan|America/Detroit America/Menominee
        MN|Minnesota|America/Chicago
        MS|Mississippi|America/Chicago
        MO|Missouri|America/Chicago
        MT|Montana|America/Denver
        NE|Nebraska|America/Chicago America/Denver
        NV|Nevada|America/Los_Angeles America/Denver
        NH|New Hampshire|America/New_York
        NJ|New Jersey|America/New_York
        NM|New Mexico|America/Denver
        NY|New York|America/New_York
        NC|North Carolina|America/New_York
        ND|North Dakota|America/Chicago America/Denver
        OH|Ohio|America/New_York
        OK|Oklahoma|America/Chicago
        OR|Oregon|America/Los_Angeles America/Boise
        PA|Pennsylvania|America/New_York
        RI|Rhode Island|America/New_York
        SC|South Carolina|America/New_York
        SD|South Dakota|America/Chicago America/Denver
        TN|Tennessee|America/New_York America/Chicago
        TX|Texas|America/Chicago America/Denver
        UT|Utah|America/Denver
        VT|Vermont|America/New_York
        VA|Virginia|America/New_York
        WA|Washington|America/Los_Angeles
        WV|West Virginia|America/New_York
        WI|Wisconsin|America/Chicago
        WY|Wyoming|America/Denver""",
    "CA": """
        AB|Alberta|America/Edmonton
        BC|British Columbia|America/Vancouver America/Edmonton America/Creston America/Dawson_Creek America/Fort_Nelson
        MB|Manitoba|America/Winnipeg
        NB|New Brunswick|America/Moncton
        NL|Newfoundland and Labrador|America/St_Johns America/Goose_Bay
        NS|Nova Scotia|America/Halifax
        NT|Northwest Territories|America/Edmonton America/Inuvik
        NU|Nunavut|America/Iqaluit America/Rankin_Inlet America/Cambridge_Bay
        ON|Ontario|America/Toronto America/Winnipeg America/Atikokan
        PE|Prince Edward Island|America/Halifax
        QC|Quebec|America/Toronto America/Halifax America/Blanc-Sablon
        SK|Saskatchewan|America/Regina America/Edmonton
        YT|Yukon|America/Whitehorse""",
    "AU": """
        ACT|Australian Capital Territory|Australia/Sydney
        NSW|New South Wales|Australia/Sydney Australia/Broken_Hill Australia/Lord_Howe
        NT|Northern Territory|Australia/Darwin
        QLD|Queensland|Australia/Brisbane
        SA|South Australia|Australia/Adelaide
        TAS|Tasmania|Australia/Hobart
        VIC|Victoria|Australia/Melbourne
        WA|Western Australia|Australia/Perth Australia/Eucla""",
}
_OTHER_NAMES = {"washington dc": ("US", "DC"), "washington d.c.": ("US", "DC"), "washington state": ("US", "WA"), "québec": ("CA", "QC")}


def _read(country: str, table: str) -> dict[str, Region]:
    rows = (line.strip().split("|") for line in table.strip().splitlines())
    return {code: Region(country, code, name, tuple(zones.split())) for code, name, zones in rows}


REGIONS: Mapping[str, Mapping[str, Region]] = {country: _read(country, table) for country, table in _TABLES.items()}
"""Country -> code -> state or province, for the countries whose hours depend on it."""

_BY_NAME = {region.name.casefold(): region for regions in REGIONS.values() for region in regions.values()} | {
    name: REGIONS[country][code] for name, (country, code) in _OTHER_NAMES.items()
}


def region_of(text: str, country: str | None) -> Region | None:
    """A state or province by its name, or (where the country is known) by its code: `Texas`, `TX`, `US-TX`, `Texas, USA`."""
    said = text.split(",")[0].strip().casefold()
    named = _BY_NAME.get(said)
    if country is None:
        return named
    if named is not None and named.country == country:
        return named
    return REGIONS.get(country, {}).get(said.upper().removeprefix(f"{country}-"))


# The first three digits of a ZIP code, from and to, and the state they belong to.
_ZIPS = """
005-005 NY 010-027 MA 028-029 RI 030-038 NH 039-049 ME 050-054 VT 055-055 MA 056-059 VT 060-069 CT 070-089 NJ 100-149 NY 150-196 PA
197-199 DE 200-200 DC 201-201 VA 202-205 DC 206-219 MD 220-246 VA 247-268 WV 270-289 NC 290-299 SC 300-319 GA 320-339 FL 341-349 FL
350-369 AL 370-385 TN 386-397 MS 398-399 GA 400-427 KY 430-459 OH 460-479 IN 480-499 MI 500-528 IA 530-549 WI 550-567 MN 569-569 DC
570-577 SD 580-588 ND 590-599 MT 600-629 IL 630-658 MO 660-679 KS 680-693 NE 700-714 LA 716-729 AR 730-732 OK 733-733 TX 734-749 OK
750-799 TX 800-816 CO 820-831 WY 832-838 ID 840-847 UT 850-865 AZ 870-884 NM 885-885 TX 889-898 NV 900-961 CA 967-968 HI 970-979 OR
980-994 WA 995-999 AK
"""
_ZIP = _ZIPS.split()
_STATE_OF_ZIP = {
    f"{prefix:03}": state for span, state in zip(_ZIP[::2], _ZIP[1::2], strict=True) for prefix in range(int(span[:3]), int(span[4:]) + 1)
}
_PROVINCES_OF_POSTCODE = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON", "L": "ON", "M": "ON", "N": "ON", "P": "ON",
    "R": "MB", "S": "SK", "T": "AB", "V": "BC", "X": "NT NU", "Y": "YT",
}  # fmt: skip


def regions_of_postcode(text: str, country: str | None) -> tuple[Region, ...]:
    """The states or provinces that a ZIP or postal code can belong to; empty where that is not known."""
    code = text.strip().upper()
    if country == "US" and code[:5].isascii() and code[:5].isdigit() and len(code) in (5, 9, 10) and (state := _STATE_OF_ZIP.get(code[:3])):
        return (REGIONS["US"][state],)
    if country == "CA" and len(code) in (6, 7) and code[1:2].isdigit():
        return tuple(REGIONS["CA"][province] for province in _PROVINCES_OF_POSTCODE.get(code[0], "").split())
    return ()


# The area codes of each state. A telephone library knows them too, but takes half a second to load them: a test holds the two together.
_AREA_CODES = """
AK 907
AL 205 251 256 334 659 938
AR 327 479 501 870
AZ 480 520 602 623 928
CA 209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 805 818
CA 820 831 840 858 909 916 925 949 951
CO 303 719 720 748 970 983
CT 203 475 860 959
DC 202 771
DE 302
FL 239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954
GA 229 404 470 478 678 706 762 770 912 943
HI 808
IA 319 515 563 641 712
ID 208 986
IL 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872
IN 219 260 317 463 574 765 812 930
KS 316 620 785 913
KY 270 364 502 606 859
LA 225 318 337 504 985
MA 339 351 413 508 617 774 781 857 978
MD 227 240 301 410 443 667
ME 207
MI 231 248 269 313 517 586 616 734 810 906 947 989
MN 218 320 507 612 651 763 952
MO 235 314 417 557 573 636 660 816 975
MS 228 601 662 769
MT 406
NC 252 336 472 704 743 828 910 919 980 984
ND 701
NE 308 402 531
NH 603
NJ 201 551 609 640 732 848 856 862 908 973
NM 505 575
NV 702 725 775
NY 212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934
OH 216 220 234 283 326 330 380 419 440 513 567 614 740 937
OK 405 539 572 580 918
OR 458 503 541 971
PA 215 223 267 272 412 445 484 570 582 610 717 724 814 835 878
RI 401
SC 803 821 839 843 854 864
SD 605
TN 423 615 629 731 865 901 931
TX 210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 936 940 945 956 972 979
UT 385 435 801
VA 276 434 540 571 686 703 757 804 826 948
VT 802
WA 206 253 360 425 509 564
WI 262 274 353 414 534 608 715 920
WV 304 681
WY 307
"""
_STATE_OF_AREA = {area: line.split()[0] for line in _AREA_CODES.strip().splitlines() for area in line.split()[1:]}


def state_of_area(phone: str) -> str | None:
    """The state to which the area code of an American number (`+1...`) was given."""
    return _STATE_OF_AREA.get(phone[2:5]) if phone.startswith("+1") else None


@cache
def country_names() -> Mapping[str, str]:
    """ISO 3166 code -> English name, by the tz database."""
    return {row[0]: row[1] for row in _rows("iso3166.tab")}


@cache
def _codes() -> Mapping[str, str]:
    return {name.casefold(): code for code, name in country_names().items()} | ALIASES


def country_of(text: str) -> str | None:
    """ISO 3166 code of a country by its code or English name, or None if there is no such country."""
    said = text.strip()
    return said.upper() if said.upper() in country_names() else _codes().get(said.casefold())


@cache
def _zones() -> Mapping[str, tuple[str, ...]]:
    zones: dict[str, list[str]] = {}
    for country, _, zone, *_ in _rows("zone.tab"):
        if _known(zone):
            zones.setdefault(country, []).append(zone)
    return {country: tuple(found) for country, found in zones.items()}


def zones_of_country(country: str) -> tuple[str, ...]:
    """Every zone of a country."""
    return _zones().get(country, ())


def zones_of_city(city: str, country: str | None) -> tuple[str, ...]:
    """The zone that a country has named after a city (`Chicago`, `Los Angeles`), if it has."""
    said = city.strip().casefold().replace(" ", "_")
    return tuple(zone for zone in zones_of_country(country or "") if said and zone.rpartition("/")[2].casefold() == said)


def _rows(table: str) -> list[list[str]]:
    text = files("tzdata.zoneinfo").joinpath(table).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True
