"""Which account types hold whose money."""

CLIENT_ACCOUNTS = ("custody", "product")
"""Account types that hold clients' money by their registration."""
OWN_ACCOUNTS = ("own", "risk_reserve")
"""Account types that hold the institution's own money."""
