"""Commands on what is kept: ledger, budget, sql, reproduce."""
