"""Bytes on the wire: message layouts, packing, checksums."""
