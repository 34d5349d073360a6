"""Completed events, and those that a statutory or senior role must see. All reports are invented."""

import pytest

from services.classifier.domain.classify import Classifier
from shared.taxonomy.loader import load_taxonomy

COMPLETED = [
    ("Antidepressant given to his brother as well, he is fine", "medication"),
    ("Resident found on the floor next to her bed, no injury, obs fine", "falls_mobility"),
    ("He choked on a sandwich and needed back slaps, fine now", "choking_swallowing"),
    ("Evening tablets missed completely, found in the pot next morning", "medication"),
    ("Emailed the care plan to the wrong family, they rang to say they'd read it", "information_governance"),
    ("Hot tea spilt on her lap, red mark, cold water applied", "environment"),
    ("Dressing was not changed on Friday, wound now smells and is green", "skin_integrity"),
    ("Three residents with diarrhoea since yesterday, unit closed", "infection_control"),
    (
        "Known stroke 2019. Slurred speech this morning, thought it was tiredness, senior called 999",
        "clinical_deterioration",
    ),
    ("Bin caught fire outside, put out with water", "fire_safety"),
    ("[PERSON_1] given her morning tablets twice, day staff and then me. GP says watch bp", "medication"),
    ("Weekly stocktake shows 14 sertraline too many so she has been missing doses for two weeks", "medication"),
    ("service user slid off the edge of the shower chair, i guided her down to the floor, not hurt", "falls_mobility"),
    (
        "speech therapist emailed new guidelines last week, went to junk, still on the old level till today",
        "choking_swallowing",
    ),
    ("she was in the same pad from 9pm to 8am, bottom red raw and bleeding a bit", "skin_integrity"),
    (
        "staff member tested positive for covid after working two shifts with a cough, 4 residents now poorly",
        "infection_control",
    ),
    ("he punched me in the jaw during personal care, bruised but ok", "behaviour_distress"),
    ("chip pan went up in flames, used fire blanket, no one hurt, fire brigade came", "fire_safety"),
    ("Ex carer is still in the team whatsapp group and saw the photos from the weekend", "information_governance"),
    (
        "Mrs [PERSON_1] had [PERSON_2]'s blister this morning, both are in wing B. Surgery advised to monitor",
        "medication",
    ),
    ("No one signed for or gave the 10pm eye drops all weekend, bottle still sealed", "medication"),
    ("lost her footing getting off the bus and came down on her knees, grazed both", "falls_mobility"),
    (
        "heard a thud, [PERSON_1] was down between the bed and wall, hoisted up, small lump on forehead",
        "falls_mobility",
    ),
    ("visitor went over on the wet tiles in reception, got straight up, embarrassed", "falls_mobility"),
    ("bit of meat stuck, went purple, five back blows and it flew out. 999 rung and cancelled", "choking_swallowing"),
    ("had normal tea instead of thickened from the hairdresser, coughing a lot and chesty since", "choking_swallowing"),
    ("ate a piece of cake with walnuts at the party, lips tingling, antihistamine and 111", "nutrition_hydration"),
    ("sent her discharge summary to the old gp surgery, they opened it and phoned", "information_governance"),
    ("microwave wheat bag burst into flames, threw it in the sink", "fire_safety"),
    ("scalded her hand on the tea urn tap, plaster and cold water", "environment"),
    ("red area on sacrum not blanching, wasn't there yesterday, cushion had been left in lounge", "skin_integrity"),
    ("five staff and nine residents with sickness bug, deep clean started", "infection_control"),
    ("catheter bag not emptied all night and it had backed up, sore and blood stained urine", "infection_control"),
    ("her oxygen was switched off at the wall all afternoon, sats 81 when checked, ambulance", "equipment"),
    ("staff member tripped over the hoover lead, twisted ankle but finished her shift", "falls_mobility"),
    (
        "Paracetamol given at 12 and again at 2 by a different carer because the first one didnt write it down",
        "medication",
    ),
    ("Fell out of bed twice last night, crash mat worked, no marks", "falls_mobility"),
    ("weights havent been done for six weeks, one lady down 5kg", "nutrition_hydration"),
    ("compression stockings left on for four days, deep grooves and a blister behind the knee", "skin_integrity"),
    ("resident spat tablets in the plant pot, been doing it for days by the look of it", "medication"),
    ("pain patch due yesterday, still the old one on this morning. no extra pain", "medication"),
    ("could not wake him properly at 7, bm 2.1, paramedics gave glucose", "clinical_deterioration"),
    ("bowels not open 8 days and nobody picked up on it, had to have an enema", "clinical_deterioration"),
    ("Apixaban not restarted after her procedure, clinic letter sat in the tray 9 days", "medication"),
    ("her lunch visit was taken off the run by mistake and nobody noticed until the evening", "visits_scheduling"),
    ("missed the bottom step in the dark, bulb has been out a week, cut knee", "environment"),
    ("she bumped down the last three stairs on her bottom, laughed about it, sore today", "falls_mobility"),
    ("Was helping her to stand and she just went, I took her weight and lowered her to the carpet", "moving_handling"),
    ("kicked by a resident while putting his socks on, shin black and blue", "behaviour_distress"),
    ("a letter about her benefits was opened by the man in flat 2, same surname", "information_governance"),
]

STATUTORY = [
    (
        "Standing hoist arm sheared with her on it, she landed on the settee cushion laughing",
        True,
        "riddor",
        "equipment",
    ),
    ("She'd got as far as the post box before we knew she was out", False, "missing_person", "security_missing_person"),
    (
        "Carer told me the nephew has her bank card and PIN and she is frightened of him",
        False,
        "safeguarding",
        "safeguarding",
    ),
    (
        "Shouted at by the night carer, [PERSON_1] said she was rough when turning her and told her to shut up",
        False,
        "safeguarding",
        "safeguarding",
    ),
    ("Unexplained bruising on both upper arms, finger marks", False, "safeguarding", "safeguarding"),
    ("Turn charts were already filled in for the whole night at 10pm", True, "safeguarding", "safeguarding"),
    ("Mr [PERSON_1] passed away peacefully at 4am, family present", False, "death", None),
    ("Police were called because [PERSON_1] hit another tenant with a chair", False, "police", "behaviour_distress"),
    ("Two ampoules of morphine cannot be accounted for, counted three times", False, "police", "medication"),
    (
        "Bogus caller said he was from the water board, got into the hall and took her purse",
        False,
        "police",
        "security_missing_person",
    ),
    ("Carer pricked her finger on a used needle left in the sheets", False, "riddor", "infection_control"),
    ("Found bedrails up to stop him getting out, no assessment. Lowered them", True, "safeguarding", "safeguarding"),
    (
        "[PERSON_1] walked out of the day centre and was found by a neighbour in the next street 20 mins later",
        False,
        "missing_person",
        "security_missing_person",
    ),
    (
        "Call was logged as done but the neighbour says no carer has been since yesterday",
        True,
        "safeguarding",
        "safeguarding",
    ),
    (
        "[PERSON_1] told me her son takes her pension every week and shouts if she asks for it back",
        False,
        "safeguarding",
        "safeguarding",
    ),
    (
        "Resident flinches every time one particular carer comes near. Nothing said but I am worried",
        False,
        "safeguarding",
        "safeguarding",
    ),
    (
        'agency lad was about to lock him in his bedroom as "time out", I told him we do not do that here',
        True,
        "safeguarding",
        "safeguarding",
    ),
    (
        "Carer asked the client for her pin to do shopping, client rang her daughter who rang us. no money taken",
        True,
        "safeguarding",
        "safeguarding",
    ),
    (
        "He was calling out in pain and staff just walked past, nobody answered his buzzer for an hour",
        False,
        "safeguarding",
        "safeguarding",
    ),
    (
        "Her late husband's watch has gone from the bedside drawer, was there last night",
        False,
        "police",
        "finance_property",
    ),
    ("oramorph bottle is 40ml light and no one can say why", False, "police", "medication"),
    ("my back went when the slide sheet stuck, been off since tuesday week", False, "riddor", "moving_handling"),
    ("cleaner jabbed her thumb on a lancet in the bin bag", False, "riddor", "infection_control"),
    ("sling strap gave way as she came off the bed and she dropped back onto mattress", True, "riddor", "equipment"),
    (
        "bath seat dropped suddenly with him sitting on it, went down about a foot, no injury",
        True,
        "riddor",
        "equipment",
    ),
    (
        "we could not account for [PERSON_1] at the fire roll call, he had gone to the newsagent on his own",
        False,
        "missing_person",
        "security_missing_person",
    ),
    (
        "Police rang to say they had one of our gentlemen, picked up on the dual carriageway in his slippers",
        False,
        "missing_person",
        "security_missing_person",
    ),
    (
        "£60 gone out of her tin since the new cleaner started, family want it looked into",
        False,
        "police",
        "finance_property",
    ),
    ("Two lads forced the office window in the night and took the laptop", False, "police", "security_missing_person"),
    ("she whispered please dont send that woman to me again, she pulls my hair", False, "safeguarding", "safeguarding"),
    (
        "husband sat on her legs so she would not get up in the night, told me like it was normal",
        False,
        "safeguarding",
        "safeguarding",
    ),
    ("record says turned at 2 and 4 but I was with her and nobody came in", True, "safeguarding", "safeguarding"),
    (
        "took her dinner off her because she was being naughty, said no pudding either. senior put it back",
        True,
        "safeguarding",
        "safeguarding",
    ),
    ("he was missing for two hours, found in the betting shop", False, "missing_person", "security_missing_person"),
    (
        "she says a man comes at night and takes her money and she has to be nice to him",
        False,
        "safeguarding",
        "safeguarding",
    ),
    ("carer slapped her hand away from the biscuits, I saw it", False, "safeguarding", "safeguarding"),
    (
        "His bank statements show cash out every Friday when only his support worker goes with him",
        False,
        "safeguarding",
        "safeguarding",
    ),
    ("sat her on the commode and left her there over an hour, found her crying", False, "safeguarding", "safeguarding"),
    (
        "heard the new carer say to him if you ring that bell once more im taking it off you",
        False,
        "safeguarding",
        "safeguarding",
    ),
    (
        "her nephew has moved in and she now sleeps in the chair, fridge has his lock on it",
        False,
        "safeguarding",
        "safeguarding",
    ),
    ("visitor said she saw a member of staff tip water over him to wake him", False, "safeguarding", "safeguarding"),
    (
        "didnt come back from the shop at 2, rang his mobile no answer, turned up at 5 on the bus",
        False,
        "missing_person",
        "security_missing_person",
    ),
    (
        "his debit card was used in a town he has never been to, bank has stopped it",
        False,
        "police",
        "finance_property",
    ),
    ("tenant says his bike has been nicked from the hallway", False, "police", "finance_property"),
    ("Death of a resident expected, gp verified 03.15", False, "death", None),
]

NOT_ESCALATED = [
    "No fall, she slid on the wet floor but I held her up",
    "He nearly fell off the commode, I caught him",
    "police not needed, false alarm, burnt toast",
    "Safeguarding training is out of date for two of us",
    "battery died on hoist 2 in the middle of the round",
    "She fell asleep with her pendant off",
    "The wheel fell off the commode before we used it",
    "Falls mat unplugged again in room 4",
    "Known stroke in 2019, walking aid left in the lounge",
    "About to give the wrong tablets when I checked the photo",
    "Resident in a bit of a muddle with her dentures at breakfast",
    "Fire door wedged open with a chair",
    "I cut up the meat wrong, it should be minced, swapped before she ate any",
    "Could have choked if the domestic had not seen the toast",
    "dead battery in the smoke detector on the landing",
    "stopped him falling by holding his belt",
]


@pytest.fixture(scope="module")
def classifier():
    return Classifier(load_taxonomy())


def share(right):
    found = list(right)
    return sum(found) / len(found)


def test_most_completed_events_are_told(classifier):
    """What reached a person is escalated, however well it ended, and filed under the guide's primary domain."""
    found = [(classifier.classify(text, "residential"), primary) for text, primary in COMPLETED]
    assert share(bool(labels.escalate) and labels.is_near_miss is False for labels, _ in found) >= 0.9
    assert share(labels.primary_domain == primary for labels, primary in found) >= 0.85


def test_most_statutory_codes_are_found(classifier):
    """Death, missing people, crime, abuse and failing lifting gear get their code, most of the rest some code."""
    found = [(classifier.classify(row[0], "residential"), row) for row in STATUTORY]
    assert share(bool(labels.escalate) for labels, _ in found) >= 0.85
    assert share(labels.escalate == (code,) for labels, (_, _, code, _) in found) >= 0.75
    assert share(labels.is_near_miss == near_miss for labels, (_, near_miss, _, _) in found) >= 0.75


@pytest.mark.parametrize(("text", "near_miss", "code", "primary"), STATUTORY)
def test_no_statutory_code_passes_without_a_person(classifier, text, near_miss, code, primary):
    """Where the label is missed the rule still speaks: each has its code or its rule's prompt, and asks for review."""
    found = classifier.classify(text, "residential")
    prompted = {rule.split(".")[0] for rule in found.prompts}
    assert (code in {*found.escalate, *prompted}, found.needs_review) == (True, True)


@pytest.mark.parametrize(("text", "near_miss", "code", "primary"), STATUTORY)
def test_a_statutory_code_leaves_the_near_miss_rate(classifier, text, near_miss, code, primary):
    """Whoever has a statutory or senior code is of the class ESCALATED; safeguarding is then among the domains."""
    found = classifier.classify(text, "residential")
    senior = bool(found.escalate) and found.escalate != ("harm_occurred",)
    assert (found.event_class == "ESCALATED") == senior
    assert "safeguarding" in found.domains or found.escalate != ("safeguarding",)


def test_a_word_alone_seldom_escalates(classifier):
    """Negations, might-haves, history and idioms create few escalations, and hardly one of a statutory code."""
    codes = [classifier.classify(text, "residential").escalate for text in NOT_ESCALATED]
    assert share(not code for code in codes) >= 0.7
    assert sum(code not in ((), ("harm_occurred",)) for code in codes) <= 1
