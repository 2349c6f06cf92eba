"""Commands on what others recorded: account, fleet, traces, lifecycle, travel."""
