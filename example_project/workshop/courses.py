"""What Slow Wheel teaches, and when: the fixed part of the example's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from .models import Course

Level, Vessel = Course.Level, Course.Vessel

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


@dataclass(frozen=True)
class Offer:
    """One course with its place in the weekly timetable."""

    slug: str
    title: str
    summary: str
    description: str
    taught_by: str
    level: Course.Level
    vessel: Course.Vessel
    hours: Decimal
    price: Decimal
    places: int
    weekday: int
    time: time


OFFERS = [
    Offer(
        slug="first-turns",
        title=_("First turns"),
        summary=_("Three hours at the wheel, two bowls to keep. Almost everybody starts here."),
        description=_(
            "You sit down at your own wheel, and for the first half hour nothing will stay in the "
            "middle. Then, rather suddenly, it does. We show you how to centre, open and pull a "
            "small bowl, and we are beside you the whole time.\n\n"
            "Choose one of five glazes before you leave. We dry, fire and glaze your two best "
            "bowls; they are ready to collect about four weeks later."
        ),
        taught_by="Ines",
        level=Level.FIRST_TIME,
        vessel=Vessel.BOWL,
        hours=Decimal("3"),
        price=Decimal("68"),
        places=8,
        weekday=SATURDAY,
        time=time(10, 0),
    ),
    Offer(
        slug="a-mug-for-monday",
        title=_("A mug for Monday"),
        summary=_("Throw a cylinder, pull a handle, and join the two so that they stay joined."),
        description=_(
            "A mug is a cylinder with a promise attached. In the first evening hour we throw; in "
            "the second we pull handles from a carrot of clay and learn when both parts are dry "
            "enough to meet.\n\n"
            "You should have sat at a wheel before. If you have been to First turns, you have."
        ),
        taught_by="Tomasz",
        level=Level.SOME,
        vessel=Vessel.MUG,
        hours=Decimal("2.5"),
        price=Decimal("62"),
        places=8,
        weekday=WEDNESDAY,
        time=time(18, 30),
    ),
    Offer(
        slug="hand-built-plates",
        title=_("Hand-built plates"),
        summary=_(
            "No wheel at all: slabs, a rolling pin, leaves from the garden. Good with company."
        ),
        description=_(
            "We roll slabs, press in what the garden offers that week, and shape four side plates "
            "over plaster forms. It is quiet, forgiving work and a good thing to do with a friend "
            "or with a child from nine years.\n\n"
            "Bring an apron, and leave the good sleeves at home."
        ),
        taught_by="Ines",
        level=Level.EVERYONE,
        vessel=Vessel.PLATE,
        hours=Decimal("3"),
        price=Decimal("54"),
        places=10,
        weekday=SUNDAY,
        time=time(14, 0),
    ),
    Offer(
        slug="tall-and-narrow",
        title=_("Tall and narrow"),
        summary=_("Vases: more clay, more height, more nerve. We cut a few in half to learn why."),
        description=_(
            "Two kilos of clay want to go everywhere but up. This evening is about the pull: even "
            "walls, a steady left hand, and collaring the neck without losing the belly.\n\n"
            "Expect to cut at least one vase in half. It is the fastest teacher we have."
        ),
        taught_by="Tomasz",
        level=Level.SOME,
        vessel=Vessel.VASE,
        hours=Decimal("3"),
        price=Decimal("74"),
        places=6,
        weekday=THURSDAY,
        time=time(18, 0),
    ),
    Offer(
        slug="the-teapot",
        title=_("The teapot"),
        summary=_("Body, lid, spout and handle in one long Sunday. It will pour and not drip."),
        description=_(
            "Four parts that have to agree with each other. We throw before lunch, eat soup "
            "together, and assemble in the afternoon, with the one trick about spouts that keeps "
            "your tablecloth clean.\n\n"
            "For people who throw cylinders without thinking about it. Soup is included."
        ),
        taught_by="Haruka",
        level=Level.SOME,
        vessel=Vessel.TEAPOT,
        hours=Decimal("6.5"),
        price=Decimal("128"),
        places=5,
        weekday=SUNDAY,
        time=time(9, 30),
    ),
    Offer(
        slug="glaze-table",
        title=_("The glaze table"),
        summary=_("Mix, test and break the rules on forty test tiles. Take the recipes home."),
        description=_(
            "An evening without throwing. We weigh out oxides, mix a celadon and an ash glaze from "
            "scratch, and dip test tiles in every order that occurs to us. The kiln gives its "
            "opinion two weeks later, and we send you photographs of your tiles with the recipes."
        ),
        taught_by="Haruka",
        level=Level.EVERYONE,
        vessel=Vessel.TILE,
        hours=Decimal("2"),
        price=Decimal("45"),
        places=12,
        weekday=TUESDAY,
        time=time(19, 0),
    ),
]
