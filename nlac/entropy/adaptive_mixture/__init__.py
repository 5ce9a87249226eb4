"""Entropy model of the `cascade` loops: an adaptive mixture of distributions.

For each sample the predictor gives up to `MAX_LOCATIONS` locations (Q8), and the parts of the
mixture lie around them. All kernels here are integer arithmetic in int64; arrays are addresses.

A loop calls, for each sample of a channel::

    mixture_prepare(shared, state, locations)
    left, count, low, low_bits = mixture_code(shared, state, entry, rank)         # encoder
    left, count, rank, raw_at = mixture_decode(shared, state, entry, q, raw, num_raw,
                                               raw_at)                            # decoder
    mixture_learn(shared, state, sample)

- `shared` is the address of `mixture_shared(locations)`, one for all channels and blocks.
- `state` is the address of the channel's row of `mixture_state(...)`. The array must not be moved,
  since rows refer to each other.
- `locations` is the address of int64 Q8, each between the smallest and the largest value of the
  value set, so at most 2**39 in magnitude. The first should be the best.
- `entry` is the `ValueSetEntry` of the sample; it may change from sample to sample.
- The encoder codes ``[left, left + count)`` of 2**24, then `low_bits` raw bits `low`.
- The decoder gets ``count == 0`` for bits that no encoder writes (a damaged block). Otherwise it
  takes ``[left, left + count)`` off the range coder; the raw bits have been read already.

A rank must be in the value set; the interval of any other is undefined.

The model
---------
Each part is a Gaussian around one location. Its width is a running mean of that location's |error|
times a constant; for some parts, also times a gain learned for each context (the ratios of three
such means). The shares are Bayesian weights that move towards the posterior of each sample, so they
converge to the mixture that codes best, not to the best part. Features of the sample turn the
shares, as gates in a mixture of experts do.
"""
