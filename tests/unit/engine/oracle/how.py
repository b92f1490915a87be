"""Random settings: every account, timing, path, rounding and schedule the page knows."""

from __future__ import annotations

from hypothesis import strategies as st

from scizor.domain.backtests import Sizing
from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy, PriceRounding
from scizor.engine.costs import Commission, Financing, Slippage, SlippageModel, Tier
from scizor.engine.settings import Margin, Settings

slippages = st.sampled_from(
    [
        Slippage(),
        Slippage(),
        Slippage.bps(8.0),
        Slippage.bps(100.0),
        Slippage(SlippageModel.HALF_SPREAD, 0.125),
        Slippage(SlippageModel.VOLUME_SHARE, 0.1),
    ]
)
commissions = st.sampled_from(
    [
        Commission(),
        Commission(),
        Commission(value_bps=10.0),
        Commission(per_share=0.005, minimum=1.0, maximum_bps=100.0),
        Commission(minimum=6.0, value_bps=8.0),
        Commission(per_share=0.01, minimum=0.35, maximum_bps=100.0, tiers=(Tier(50.0, 0.005), Tier(300.0, 0.002))),
        Commission(
            per_share=0.01, fee_bps=1.0, fee_per_share=0.001, sell_per_share=0.02, sell_maximum=0.5, sell_bps=2.0
        ),
    ]
)
financings = st.sampled_from(
    [Financing.none(), Financing(), Financing({"2020-01-28": 0.05, "2020-02-03": 0.01}, credit_from=500.0)]
)


all_settings = st.builds(
    Settings,
    initial_cash=st.sampled_from([300.0, 5_000.0, 20_000.0, 12_345.5]),
    account=st.sampled_from(AccountType),
    margin=st.sampled_from([Margin(0.5, 0.25, 0.375), Margin(0.25, 0.25, 0.25)]),
    sizing=st.sampled_from(Sizing),
    cash_buffer=st.sampled_from([0.0, 0.0, 0.0625]),
    fill_timing=st.sampled_from([FillTiming.NEXT_OPEN, FillTiming.NEXT_OPEN, *FillTiming]),
    path=st.sampled_from(PathPolicy),
    limit_fills=st.sampled_from(LimitPolicy),
    price_rounding=st.sampled_from(PriceRounding),
    max_participation=st.sampled_from([None, None, 0.25, 0.025]),
    slippage=slippages,
    commission=st.one_of(commissions, st.fixed_dictionaries({"": commissions, "S1": commissions})),
    financing=financings,
    fx_bps=st.sampled_from([0.0, 20.0]),
    close_open_at_end=st.booleans(),
)
