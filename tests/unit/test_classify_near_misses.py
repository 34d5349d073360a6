"""Near misses, and what is no event at all, by the label guide. All reports are invented."""

import pytest

from services.classifier.domain.classify import Classifier
from shared.taxonomy.loader import load_taxonomy

NEAR_MISSES = [
    ("Checked the controlled drugs with the late nurse, balance right after second look", "medication"),
    ("He skidded on talc in the bathroom and clung to the basin", "falls_mobility"),
    ("Linen skip and broken chair standing in the stairwell to the exit", "fire_safety"),
    (
        "Nearly gave Mr [PERSON_1] his wife's warfarin, names on the pots are alike. Second checker stopped me.",
        "medication",
    ),
    ("MAR not signed for the 8am meds, tablets gone from the pack so assume given", "medication"),
    ("Lift stuck between floors again with [PERSON_1] in it, ten minutes, engineer came", "equipment"),
    ("Chef plated a nut roast for the lady with the nut allergy, stopped at the hatch", "nutrition_hydration"),
    ("Phone charger under his pillow was very hot and the sheet was scorched", "fire_safety"),
    ("Only one nurse for 40 residents tonight, agency did not turn up", "staffing"),
    ("Parkinson's tablets were 40 minutes late as nurse was with paramedics", "medication"),
    (
        "Hoisted on my own because colleague was called away, sling loop slipped off but she stayed in",
        "moving_handling",
    ),
    ("Agency carer didn't know about the 2 person transfer, I stepped in", "moving_handling"),
    ("Blood results from Monday never chased, gp rang today", "clinical_deterioration"),
    ("Hospital sent her back with wrong TTOs, another patient's name on the box", "medication"),
    ("DNACPR in the folder belongs to a different resident", "records_data"),
    ("Rota on the printer with client addresses on, left in reception", "information_governance"),
    ("Client got two lunch visits because call was on two rotas", "visits_scheduling"),
    ("Key safe code has been changed and nobody told us, could not get in for 20 min", "security_missing_person"),
    ("Radiator cover off and the pipe was burning hot next to his bed", "environment"),
    ("Window restrictor broken in room 14 upstairs", "environment"),
    ("Heating off in the east wing since last night, extra blankets given", "environment"),
    ("Left her frame in the dining room, she tried to walk without it, caught by the domestic", "falls_mobility"),
    ("Call bell out of reach on the wrong side of the bed", "equipment"),
    ("Not turned since 2pm, heels checked, skin ok", "skin_integrity"),
    ("Carer came to work with vomiting and was sent home", "infection_control"),
    ("Raw chicken on the shelf above the trifle", "infection_control"),
    ("PEG feed running at 150 should be 75, noticed at midnight check", "nutrition_hydration"),
    ("Cash tin five pounds short, receipt found later in the shopping bag", "finance_property"),
    ("Laptop left logged on at the nurses station with visitors walking by", "information_governance"),
    ("Wheelchair not clamped in the van, noticed at the lights", "transport"),
    ("DBS not back yet and she was on the rota for a sleep in", "staffing"),
    (
        "Scissors left in the lounge after crafts, [PERSON_1] who self harms picked them up and handed them to me",
        "behaviour_distress",
    ),
    ("DoLS expired last week, renewal not sent", "safeguarding"),
    ("message about new dose left on a post it and fell behind the desk", "medication"),
    (
        "Wrong strength apixaban in the blister pack from chemist, 5mg not 2.5. Not given. Pharmacy collecting",
        "medication",
    ),
    ("what a brilliant system we have, tablet froze again and lost all my notes", "records_data"),
    ("Nurse rang in sick, no cover, I did the tablets round late on my own", "staffing"),
    ("[PERSON_1] insulin pen needle was reused, only found out because no new ones in the box", "medication"),
    ("bed wheel brake failed when she sat up, bed rolled and she held on to the locker", "equipment"),
    (
        "knocked on number 41 not 14, app had the digits round the wrong way. Chap who answered put me right",
        "visits_scheduling",
    ),
    ("thickener tub left on the trolley in reach of the lounge residents", "choking_swallowing"),
    ("no fluids recorded since 11am for [PERSON_1], jug full on the side out of her reach", "nutrition_hydration"),
    ("heel boots put on the wrong resident, noticed when I went to turn her", "skin_integrity"),
    ("sharps box overfilled and needle sticking out of the top, moved to locked sluice", "infection_control"),
    (
        "Cook cut up salad on the red board after doing the chicken. binned it all before it went out",
        "infection_control",
    ),
    (
        "[PERSON_1] and [PERSON_2] squaring up over the remote, staff got in between and moved one to the garden",
        "behaviour_distress",
    ),
    (
        "was asked to do peg feeds on my first shift and i have never been shown, refused and senior did it",
        "nutrition_hydration",
    ),
    ("resident in bed with oxygen on and a lit cigarette, took it off him", "fire_safety"),
    ("glucometer strips out of date in the hypo box on checking", "clinical_deterioration"),
    ("petty cash short by £20 at the monthly count, turned out a receipt had stuck to another", "finance_property"),
    ("review meeting changed and advocate not told so it went ahead without her voice", "communication"),
    ("About to apply a second rivastigmine patch when I saw yesterdays still between her shoulders", "medication"),
    (
        "went to follow her visitors out of the door, I saw her and linked arms and we went for a cuppa",
        "security_missing_person",
    ),
    ("Lift jolted and stopped just below the floor, all fine, engineer called", "equipment"),
    ("Noticed the emergency torch has no batteries", "equipment"),
    (
        "[PERSON_1] was getting worked up because his taxi was late, walked him round the block and he was fine",
        "behaviour_distress",
    ),
    ("she is down as a diabetic on the kitchen sheet and she isnt, its the lady in 12 that is", "records_data"),
    ("Chair scales swung round as he sat and one wheel brake didnt bite, we held him", "equipment"),
    ("bathroom tap ran at 60 degrees, maintenance turned the valve down", "environment"),
    ("Cleaning trolley left unlocked in corridor with descaler on top", "environment"),
    ("someone had turned the fire panel to silent and not put it back", "fire_safety"),
    (
        "gentleman down for pureed was handed a biscuit by another residents grandson, I swapped it for yoghurt",
        "choking_swallowing",
    ),
    ("lady with coeliac served ordinary gravy, daughter asked and plate went back", "nutrition_hydration"),
    ("fridge in flat 3 full of mouldy food, cleared it with him", "infection_control"),
    ("tail gate of van not locked, box of pads fell out on the road", "transport"),
    ("No carer for tonight's sleep in at number 20, manager covered it herself at the last minute", "staffing"),
    ("got the two Joans mixed up and went to the wrong one first", "visits_scheduling"),
    ("code for key safe is on the whiteboard in view of the window", "security_missing_person"),
    ("her glasses were in the pocket of the cardigan that went to the laundry, lens cracked", "finance_property"),
    ("lift engineer failed to attend for second week", "equipment"),
    ("Found three paracetamol under her pillow, she says she saves them", "medication"),
    ("Resident said this tablet is not mine and she was right, card for room 4 had been put in slot 14", "medication"),
    ("Two visits put in at the same time 6 miles apart so had to ring and say i'd be late", "visits_scheduling"),
    ("Stairlift seat swivel lock broken, taped off, reported to the council again", "equipment"),
    ("pressure mat by her bed wasnt plugged back in after cleaning", "equipment"),
    ("kitchen sent up fork mashable for the new gentleman but he is on puree till salt see him", "choking_swallowing"),
    ("milk in the unit fridge four days past its date, thrown", "infection_control"),
    ("wound dressing pack opened and no saline, had to use tap water that was boiled", "skin_integrity"),
    ("bp machine reading 60/30 on everyone, battery on its way out", "equipment"),
    ("fire alarm went off while I was doing the hoist, left him sitting in the sling to go and check", "fire_safety"),
    ("Came on shift, there was no one to take a report from", "handover"),
    ("threshold strip stands proud, she staggered", "environment"),
]

NO_EVENTS = [
    ("Staff meeting was lovely, thank you to everyone for the cake", None),
    ("All settled overnight, slept well, no concerns", None),
    ("Please can we order more gloves size medium", None),
    ("When is the next moving and handling training?", None),
    ("I still have not been paid for my bank holiday shift", None),
    ("test test ignore", None),
    ("Paint is peeling in the office", "environment"),
    ("Great team work today, the handover was brilliant, well done all", None),
    ("Manager's car park space taken again", None),
    ("Many thanks to the girls on nights for looking after mum so well, she never stops talking about you", None),
    ("who do I see about swapping my weekend", None),
    ("Nothing to report. Everyone up and breakfasted, entertainer this afternoon", None),
    ("need more aprons and hand towels on 2nd floor please", None),
    ("curtain hook missing in the quiet lounge", "environment"),
    ("this is just me trying out the new form", None),
    ("worried to death he would fall but the new frame is brilliant and we've had no incidents all week", None),
    ("Just to say the new activities lady is wonderful, mum is a different person", None),
    ("why do nights not get the same break as days, it is not fair", None),
    ("nice quiet afternoon, hairdresser in, everyone had a cream tea", None),
    ("do we still need to fill in the old form", None),
    ("asked for a day off in may and still no answer from the office", None),
    ("falls training was really good today, thank you", None),
    ("police community officer popped in for a chat and a brew, residents loved it", None),
    ("nice card from the family today thanking us for the care", None),
    ("has the christmas rota been done yet", None),
    ("fed up of being the only one who ever does the bins", None),
    ("lovely sunny day, most of them sat out, ice lollies all round", None),
    ("where are the spare bulbs kept", None),
    ("can I have my annual leave form signed please", None),
    ("big thanks to the kitchen for the birthday cake, he was over the moon", None),
]


@pytest.fixture(scope="module")
def classifier():
    return Classifier(load_taxonomy())


def share(right):
    found = list(right)
    return sum(found) / len(found)


def test_most_near_misses_are_told_and_filed(classifier):
    """What was stopped, noticed or lucky is a near miss, under the guide's primary domain."""
    found = [(classifier.classify(text, "residential"), primary) for text, primary in NEAR_MISSES]
    assert share(labels.is_near_miss is True for labels, _ in found) >= 0.7
    assert share(labels.primary_domain == primary for labels, primary in found) >= 0.8


def test_what_is_no_event_is_told_apart(classifier):
    """Praise, notes, questions, requests, grievances and tests are no events; a cosmetic repair keeps its domain."""
    found = [(classifier.classify(text, "residential"), primary) for text, primary in NO_EVENTS]
    assert share((labels.is_near_miss, labels.escalate) == (False, ()) for labels, _ in found) >= 0.9
    assert share(labels.primary_domain == primary for labels, primary in found) >= 0.9


def test_praise_is_never_escalated(classifier):
    """Who thanks somebody has nothing to answer for."""
    thanks = [text for text, _ in NO_EVENTS if "thank" in text.lower()]
    assert [classifier.classify(text, "residential").escalate for text in thanks] == [()] * len(thanks)
