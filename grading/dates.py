"""Numbers, dates and times in names, in an order that later ones come last."""

import calendar
import re

MONTHS = {name.lower(): number for names in (calendar.month_abbr, calendar.month_name)
          for number, name in enumerate(names) if name}

MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
DATES = [re.compile(pattern, re.IGNORECASE | re.ASCII) for pattern in (
    rf"(?P<month>{MONTH})\.?[ _-]+(?P<day>\d\d?),?[ _-]+(?P<year>20\d\d)(?!\d)",
    rf"(?<!\d)(?P<day>\d\d?)\.?[ _-]+(?P<month>{MONTH}),?[ _-]+(?P<year>20\d\d)(?!\d)",
    r"(?<!\d)(?P<day>\d\d?)([._ -])(?P<month>\d\d?)\2(?P<year>20\d\d)(?!\d)")]
CLOCK = re.compile(r"(?<!\d)(?P<hour>0?[1-9]|1[0-2])[:.-]?(?P<minute>\d\d)[ _]?(?P<half>[ap])m",
                   re.IGNORECASE | re.ASCII)
# Of a date without a year; "May" alone is a name.
DAY = re.compile(rf"(?<![^\W_])(?:(?:{MONTH})\.?[ _-]+\d\d?|\d\d?\.?[ _-]+(?:{MONTH}))(?![^\W_])",
                 re.IGNORECASE | re.ASCII)
DAY_ONLY = re.compile(r"20\d\d\D\d\d?\D\d\d?|\d\d?\D\d\d?\D20\d\d")


def numbers(text: str) -> tuple[int, ...]:
    """The numbers in a text; days and times, however written, sort as they follow each other."""
    for pattern in DATES:
        text = pattern.sub(year_first, text)
    return tuple(int(digits) for digits in re.findall(r"\d+", CLOCK.sub(of_24_hours, text)))


def without_dates(text: str) -> str:
    """A text without its dates and times, so that months are no names in it."""
    for pattern in (*DATES, re.compile(r"20\d\d\D\d\d?\D\d\d?"), CLOCK, DAY):
        text = pattern.sub(" ", text)
    return text


def year_first(date: re.Match[str]) -> str:
    """A day as year, month, day."""
    day, month = int(date["day"]), MONTHS.get(date["month"].lower()) or int(date["month"])
    if month > 12:  # as in the United States
        day, month = month, day
    return f"{date['year']} {month} {day}"


def of_24_hours(time: re.Match[str]) -> str:
    """A time with AM or PM as hours from 0 to 23, minutes."""
    return f"{int(time['hour']) % 12 + 12 * (time['half'] in 'pP')} {time['minute']} "
