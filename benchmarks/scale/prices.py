"""List prices, US dollars, as parameters: put yours in. Each with its range and where it was read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """Of one unit.

    Attributes:
        usual: What the plan reckons with.
        low: Of the range.
        high: Of the range.
        source: Where it was read, and of when it is.
    """

    usual: float
    low: float
    high: float
    source: str


_CATALOG = "skypilot-org/skypilot-catalog, catalogs/v8/aws/vms.csv at e385a0d, us-east-1"

#: An hour of one virtual core (c7i.4xlarge: 16 for 0.714; spot 0.293 to 0.318).
CORE_H = Price(0.714 / 16, 0.034, 0.0583, f"{_CATALOG}; the range: other regions and providers")
CORE_SPOT_H = Price(0.31 / 16, 0.0124, 0.0284, f"{_CATALOG}; the range: its regions")
#: A month of one GB of object storage, the first 50 TB; the low end: past 500 TB, or another provider.
STORE_GB_MONTH = Price(0.023, 0.006, 0.023, "cloudburn.io/blog/amazon-s3-pricing, 2026-03-13")
#: A GB that leaves the provider.
EGRESS_GB = Price(0.07, 0.05, 0.09, "devnotes.tech, S3 price breakdown: 0.09 falling to 0.07 with the amount")
#: A thousand requests that read, and that write or list.
READ_1000 = Price(0.0004, 0.0004, 0.0005, "devnotes.tech, S3 price breakdown")
WRITE_1000 = Price(0.005, 0.004, 0.0055, "devnotes.tech, S3 price breakdown")
