"""Constants of the format, named as in ``format_spec.md``.

Another value would make another format. Names end with ``_BYTES`` for counts of bytes and ``_BITS``
for counts of bits. Bounds are inclusive.
"""

from __future__ import annotations

from typing import Final

# spec 4: marks. The first byte of all but `MAGIC` is not ASCII, so that a transfer that clears the
# eighth bit damages it, and one search finds them all.
MAGIC: Final = b"nlac"
BLOCK_SYNC: Final = b"\xa5nlB"
METADATA_TAG: Final = b"\xa5nlM"
TRAILER_TAG: Final = b"\xa5nlT"
END_MARK: Final = b"\xa5nlE"
PARITY_MARK: Final = b"\xa5nlP"

FORMAT_VERSION: Final = 1

# spec 5: stream header
SAMPLE_FORMAT_INTEGER: Final = 0
SAMPLE_FORMAT_FLOAT32: Final = 1
MIN_BITS_PER_SAMPLE: Final = 1
MAX_BITS_PER_SAMPLE: Final = 32
MIN_CHANNELS: Final = 1
MAX_CHANNELS: Final = 255
MIN_SAMPLE_RATE: Final = 1
MAX_SAMPLE_RATE: Final = 2**32 - 1
MAX_CHANNEL_MASK: Final = 2**32 - 1
NUM_FRAMES_UNKNOWN: Final = 2**64 - 1
MAX_NUM_FRAMES: Final = 2**63 - 1
MIN_BLOCK_LENGTH: Final = 1
MAX_PARAMETERS_BYTES: Final = 4096
MODEL_HASH_BYTES: Final = 32
HEADER_FIXED_BYTES: Final = 34
CRC_BYTES: Final = 4

# spec 5.1; `nlac.predictors.methods` has the numbers of the built-in predictors
FIRST_PRIVATE_PREDICTOR: Final = 0x8000

# spec 5.2
CODER_AUTO: Final = 0
CODER_RANGE: Final = 1
CODER_RICE: Final = 2
CODER_NAMES: Final = {CODER_AUTO: "auto", CODER_RANGE: "range", CODER_RICE: "rice"}

# spec 6: metadata items
METADATA_HEADER_BYTES: Final = 18
METADATA_OVERHEAD_BYTES: Final = METADATA_HEADER_BYTES + CRC_BYTES
METADATA_FLAG_DEFLATED: Final = 1
MAX_ITEM_BYTES: Final = 2**24
MAX_METADATA_BYTES: Final = 2**27
MAX_METADATA_ITEMS: Final = 2**16
FOREIGN_PIECE_BYTES: Final = 2**20
MAX_EXTENSION_BYTES: Final = 64
ITEM_PADDING: Final = 0
ITEM_TAGS: Final = 1
ITEM_PICTURE: Final = 2
ITEM_CUE_SHEET: Final = 3
ITEM_APPLICATION: Final = 4
ITEM_MODEL: Final = 5
ITEM_FLAC_METADATA: Final = 6
ITEM_PARITY: Final = 7
ITEM_FLAC_FRAMES: Final = 8
ITEM_RECIPE: Final = 16
ITEM_FOREIGN_HEAD: Final = 17
ITEM_FOREIGN_TAIL: Final = 18
ITEM_EXTENSION: Final = 19
# types that lie only where the blocks have ended, even in a stream without blocks
TRAILING_ITEMS: Final = (ITEM_PARITY, ITEM_FOREIGN_TAIL)
ITEM_NAMES: Final = {
    ITEM_PADDING: "padding",
    ITEM_TAGS: "tags",
    ITEM_PICTURE: "picture",
    ITEM_CUE_SHEET: "cue sheet",
    ITEM_APPLICATION: "application",
    ITEM_MODEL: "model",
    ITEM_FLAC_METADATA: "flac metadata",
    ITEM_PARITY: "parity",
    ITEM_FLAC_FRAMES: "flac frames",
    ITEM_RECIPE: "recipe",
    ITEM_FOREIGN_HEAD: "foreign head",
    ITEM_FOREIGN_TAIL: "foreign tail",
    ITEM_EXTENSION: "extension",
}

# spec 6.11: parity
PARITY_CODE: Final = 1
MAX_DATA_SHARDS: Final = 2**15
MAX_PARITY_SHARDS: Final = 256
# all parity items: a quarter of the bytes before them, and so many bytes more
PARITY_SHARE: Final = 4
PARITY_SPARE_BYTES: Final = 2**16

# spec 7: blocks
BLOCK_HEADER_BYTES: Final = 28
BLOCK_OVERHEAD_BYTES: Final = BLOCK_HEADER_BYTES + CRC_BYTES
MAX_BLOCK_SAMPLES: Final = 2**26
MAX_BLOCKS: Final = 2**20
MAX_PAYLOAD_BYTES_PER_SAMPLE: Final = 8
MAX_PAYLOAD_FIXED_BYTES: Final = 2**16

# spec 8: trailer
TRAILER_FIXED_BYTES: Final = 71
TRAILER_END_BYTES: Final = 12
# with the longest header and index
MAX_TRAILER_BYTES: Final = 2**25
TRAILER_FLAG_ORIGINAL: Final = 1
MD5_BYTES: Final = 16

# spec 10: without an index, a gap longer than this many blocks is not filled
MAX_GAP_BLOCKS: Final = 4096

