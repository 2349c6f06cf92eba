"""Cloud bills: hours of accelerators where the machine is known, listed where it is not, money beside them."""

from __future__ import annotations

import csv
import datetime

import pytest

import jevons
from jevons import account
from jevons.account.allocation.modelled import unpriced
from jevons.account.readers.bills import accelerators_of, hours_in, machine_in
from jevons.account.readers.cur import snake
from jevons.core.errors import BadInput, TableError
from means import means_missing

FOCUS = {"ChargePeriodStart": "2026-03-01T00:00:00Z", "ChargePeriodEnd": "2026-03-02T00:00:00Z", "ChargeCategory": "Usage",
         "BillingCurrency": "USD", "BilledCost": "786.48", "ConsumedQuantity": "24", "ConsumedUnit": "Hours", "ServiceName": "EC2",
         "ServiceCategory": "Compute", "ProviderName": "AWS", "RegionId": "us-east-1", "SubAccountId": "123", "Tags": '{"team": "vision"}',
         "SkuPriceDetails": '{"InstanceType": "p4d.24xlarge"}', "CommitmentDiscountStatus": "", "CapacityReservationStatus": ""}  # fmt: skip
CUR = {"lineItem/UsageStartDate": "2026-03-01T00:00:00Z", "lineItem/UsageEndDate": "2026-03-01T01:00:00Z", "lineItem/LineItemType": "Usage",
       "lineItem/UsageType": "BoxUsage:p4d.24xlarge", "lineItem/UsageAmount": "1", "lineItem/UnblendedCost": "32.77",
       "lineItem/CurrencyCode": "USD", "lineItem/UsageAccountId": "123", "lineItem/ProductCode": "AmazonEC2", "pricing/unit": "Hrs",
       "product/instanceType": "p4d.24xlarge", "product/regionCode": "us-east-1", "resourceTags/user:owner": "ada"}  # fmt: skip


def written(tmp_path, *rows, name="bill.csv"):
    file = tmp_path / name
    with file.open("w", newline="") as handle:
        out = csv.DictWriter(handle, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return file


def arrow():
    """pyarrow with its Parquet."""
    try:
        import pyarrow.parquet
    except ImportError:
        means_missing("pyarrow is not installed")
    return pyarrow


def focus(**changes):
    return {**FOCUS, **changes}


def cur(**changes):
    return {**CUR, **changes}


def hours(activity):
    return {k: float(v[0]) for k, v in activity.by("flow", "device_hours").items()}


def money(activity):
    return float(activity.total("money")[0])


A100 = "device_hours/nvidia-a100-sxm4-40gb"


def test_a_day_of_a_known_machine_is_the_hours_of_its_accelerators_and_money(tmp_path):
    activity = account.read(written(tmp_path, focus()))
    assert hours(activity) == {A100: 192.0}
    assert money(activity) == 786.48
    assert set(activity.text["owner"]) == {"vision"}
    assert set(activity.text["site"]) == {"aws/us-east-1"}


def test_a_bill_can_be_priced_where_each_row_ran(tmp_path):
    activity = account.read(written(tmp_path, focus()))
    footprint = jevons.footprint(account.modelled(activity), {"aws/us-east-1": jevons.site("us-east-1")})
    assert footprint.best("climate") > 0
    assert footprint.best("cost") > 786.48


def test_a_machine_the_table_does_not_know_is_listed_and_never_priced_at_zero(tmp_path):
    activity = account.read(written(tmp_path, focus(SkuPriceDetails='{"InstanceType": "x9.huge"}'), focus()))
    assert hours(activity)["device_hours/instance:x9.huge"] == 24.0
    assert any("x9.huge (24 h)" in a.value for a in activity.assumptions)
    with pytest.raises(jevons.core.errors.JevonsError):
        jevons.footprint(activity, jevons.site("us-east-1"))
    assert unpriced(activity)[1] == {"instance:x9.huge": 24.0}


@pytest.mark.parametrize("row", [
    {"SkuPriceDetails": "", "x_UsageType": "USE1-BoxUsage:p4d.24xlarge"},
    {"SkuPriceDetails": '{"x_InstanceType": "p4d.24xlarge"}'},
    {"SkuPriceDetails": "", "ChargeDescription": "Nvidia Tesla A100 40GB GPU running in Americas", "ConsumedQuantity": "691200", "ConsumedUnit": "seconds"},
    {"SkuPriceDetails": "", "ChargeDescription": "$32.77 per On Demand Linux p4d.24xlarge Instance Hour"},
])  # fmt: skip
def test_the_machine_is_found_where_each_provider_writes_it(tmp_path, row):
    assert hours(account.read(written(tmp_path, {**focus(), **row}))) == {A100: 192.0}


@pytest.mark.parametrize("row", [{"ChargeCategory": "Purchase"}, {"CommitmentDiscountStatus": "Unused"}, {"ServiceCategory": "Databases"},
                                 {"ConsumedUnit": "GB-Mo"}])  # fmt: skip
def test_what_is_no_running_machine_is_money_alone(tmp_path, row):
    activity = account.read(written(tmp_path, focus(**row)))
    assert hours(activity) == {}
    assert money(activity) == 786.48


def test_capacity_that_lay_unused_is_idle(tmp_path):
    activity = account.read(written(tmp_path, focus(CapacityReservationStatus="Unused"), focus()))
    idle = activity.where(part="idle", flow=A100)
    assert float(idle.total("device_hours")[0]) == 192.0
    assert float(activity.total("device_hours")[0]) == 384.0


def test_a_correction_is_netted_and_credits_beyond_the_charges_are_told(tmp_path):
    back = focus(ConsumedQuantity="-4", BilledCost="-1000")
    activity = account.read(written(tmp_path, focus(), back))
    assert hours(activity) == {A100: 160.0}
    assert money(activity) == 0.0
    assert any("213.52 USD left out" in a.value for a in activity.assumptions)


def test_another_currency_is_left_out_unless_its_worth_is_given(tmp_path):
    file = written(tmp_path, focus(BillingCurrency="EUR"))
    assert money(account.read(file)) == 0.0
    assert any(a.what == "charges in EUR" for a in account.read(file).assumptions)
    assert money(account.read(file, usd_per={"eur": 1.1})) == pytest.approx(865.128)


def test_focus_as_parquet_is_the_same_bill(tmp_path):
    pyarrow = arrow()
    row = {**FOCUS, "ChargePeriodStart": datetime.datetime(2026, 3, 1), "ChargePeriodEnd": datetime.datetime(2026, 3, 2),
           "BilledCost": 786.48, "ConsumedQuantity": 24.0}  # fmt: skip
    table = pyarrow.table({k: [v] for k, v in row.items() if k != "Tags"})
    tags = pyarrow.array([[("team", "vision")]], pyarrow.map_(pyarrow.string(), pyarrow.string()))
    pyarrow.parquet.write_table(table.append_column("Tags", tags), tmp_path / "bill.parquet")
    activity = account.read(tmp_path / "bill.parquet")
    assert hours(activity) == {A100: 192.0}
    assert activity.start_s[0] == account.read(written(tmp_path, focus())).start_s[0]
    assert set(activity.text["owner"]) == {"vision"}


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path, cut):
    pyarrow = arrow()
    file = tmp_path / "bill.parquet"
    pyarrow.parquet.write_table(pyarrow.table({k: [v] * 100 for k, v in FOCUS.items()}), file)
    raw = file.read_bytes()
    file.write_bytes(raw[: int(len(raw) * cut)])
    with pytest.raises(TableError, match="cut off or broken"):
        account.read(file)


def test_a_parquet_file_whose_middle_is_broken_is_refused(tmp_path):
    pyarrow = arrow()
    file = tmp_path / "bill.parquet"
    pyarrow.parquet.write_table(pyarrow.table({k: [v] * 100 for k, v in FOCUS.items()}), file)
    raw = bytearray(file.read_bytes())
    raw[4:400] = b"\xff" * 396
    file.write_bytes(bytes(raw))
    with pytest.raises(TableError):
        account.read(file)


# ---- AWS


def test_the_older_report_of_aws_is_read(tmp_path):
    activity = account.read(written(tmp_path, cur()))
    assert hours(activity) == {A100: 8.0}
    assert money(activity) == 32.77
    assert set(activity.text["owner"]) == {"ada"}


def test_the_newer_report_of_aws_is_the_same(tmp_path):
    newer = {snake(k): v for k, v in cur().items() if not k.startswith(("product", "resource"))}
    newer |= {"product": '{"instance_type": "p4d.24xlarge", "region": "us-east-1"}', "resource_tags": '{"user_owner": "ada"}'}
    activity = account.read(written(tmp_path, newer))
    assert hours(activity) == {A100: 8.0}
    assert set(activity.text["owner"]) == {"ada"}


@pytest.mark.parametrize(("usage", "held"), [("SpotUsage:p4d.24xlarge", 8.0), ("USE1-Train:ml.p4d.24xlarge", 8.0),
                                             ("EBS:VolumeUsage.gp3", 0.0), ("Reservation:p4d.24xlarge", 0.0)])  # fmt: skip
def test_only_lines_of_machines_that_run_are_hours(tmp_path, usage, held):
    activity = account.read(written(tmp_path, cur(**{"lineItem/UsageType": usage})))
    assert float(activity.total("device_hours")[0]) == held


def test_reserved_capacity_that_lay_unused_is_idle(tmp_path):
    activity = account.read(written(tmp_path, cur(**{"lineItem/UsageType": "UnusedBox:p4d.24xlarge"})))
    assert float(activity.where(part="idle").total("device_hours")[0]) == 8.0


def test_fees_and_taxes_are_money_alone(tmp_path):
    activity = account.read(written(tmp_path, cur(**{"lineItem/LineItemType": "Tax", "lineItem/UnblendedCost": "5"})))
    assert hours(activity) == {}
    assert money(activity) == 5.0


def test_a_report_without_a_needed_column_is_refused(tmp_path):
    row = {k: v for k, v in cur().items() if k != "lineItem/UsageAmount"}
    with pytest.raises(TableError, match="line_item_usage_amount"):
        account.read(written(tmp_path, row))


def test_a_cost_nobody_knows_is_refused(tmp_path):
    with pytest.raises(BadInput, match="BilledCost, EffectiveCost"):
        account.read(written(tmp_path, focus()), cost="Cost")


@pytest.mark.parametrize(("words", "machine"), [("USE1-BoxUsage:p4d.24xlarge", "p4d.24xlarge"), ("Standard_ND96isr_H100_v5", "standard_nd96isr_h100_v5"),
                                                ("a2-highgpu-8g in us-central1", "a2-highgpu-8g"), ("g4dn.metal", "g4dn.metal"),
                                                ("TimedStorage-ByteHrs", ""), ("p6-b200.48xlarge", "p6-b200.48xlarge"), ("BM.GPU.A100-v2.8 in Frankfurt", "bm.gpu.a100-v2.8"),
                                                ("VM.Standard.E4.Flex", ""), ("gpu_8x_h100_sxm5 (us-east-1)", "gpu_8x_h100_sxm5"),
                                                ("ct5lp-hightpu-4t", "ct5lp-hightpu-4t"), ("a4x-maxgpu-4g-metal", "a4x-maxgpu-4g-metal")])  # fmt: skip
def test_machine_types_are_found_in_words(words, machine):
    assert machine_in(words) == machine


@pytest.mark.parametrize(("unit", "value"), [("Hrs", 2.0), ("Hours", 2.0), ("1 Hour", 2.0), ("Seconds", 2 / 3600), ("GB-Mo", None), ("Requests", None)])
def test_units_of_time_become_hours_and_others_do_not(unit, value):
    assert hours_in(2.0, unit) == (pytest.approx(value) if value else None)


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp", "oci", "lambda"])
def test_a_machine_of_the_table_is_found_in_the_words_of_a_bill(provider):
    from jevons.world import catalog

    names = [row["id"] for row in catalog.table("cloud_instances").where(provider=provider)]
    assert len(names) >= 10
    assert [name for name in names if machine_in(f"Usage of {name.upper()} in a region") != name] == []


def test_every_machine_of_the_table_holds_accelerators_of_the_table():
    from jevons.world import catalog

    known = catalog.table("accelerators").index
    for row in catalog.table("cloud_instances"):
        kind, count = accelerators_of(row["id"])
        assert kind in known
        assert count >= 1
