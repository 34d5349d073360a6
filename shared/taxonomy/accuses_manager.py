"""Placeholder until the rule lands."""


def accuses_manager(text: str) -> bool:
    return "manager" in text and "shouted" in text
