# SPDX-License-Identifier: Apache-2.0
"""Makes requests at random that know their message's structure, and spoils them.

A Generator fills a message by its descriptor: with values at the edges of their types, with texts that names, filters and masks are
made of, and with what the server itself said before (Memory). The same seed and the same answers give the same requests. Pure but for
that; nothing here fails.
"""

from google.protobuf.descriptor import FieldDescriptor as Field

INT64, INT32 = 2**63, 2**31
MOST_DEPTH = 6
# A message of the largest size that the server takes has room for a few of these.
LONG_TEXT = 100_000
DURATION_SECONDS = (0, 1, -1, 59, 60, 3600, 315_576_000_000, -315_576_000_000, 315_576_000_001, INT64 - 1, -INT64)
NANOS = (0, 1, -1, 500_000_000, 999_999_999, 1_000_000_000, INT32 - 1, -INT32)
WORDS = (
    "", "-", "*", "/", ".", "..", "../../etc/passwd", "default", "policies/default", "schedulers/default", "tasks/1-1", "tasks/-",
    "taskOverrides/", "taskOverrides/a", "policies/default/revisions/1", "known-good", "\x00", "a\x00b", "\n", "'; DROP TABLE policies; --",
    "%s%n", "é", "\U0001f600", "\u202e", "ʼ" * 64, "a" * 63, "a" * 64, "A", "0", "-1", "9223372036854775808", "00000000-0000-0000-0000-000000000000",
    "5f0c1c5e-95a5-4b28-9e6c-0c3f5c1d2e3f", "user.slice", "/user.slice", "user.slice/../x", "true", "NaN", "1e309",
)
# What filters and orders are made of.
TOKENS = ("AND", "OR", "NOT", "(", ")", "=", "!=", "<", ">", "<=", ">=", ":", '"', '"hog"', "hog*", "comm", "stats.run_time_nanos", "name", "desc", ",",
          "5s", "100", "-", "cgroup", "state", "RUNNING", "weight", "\\", "''", "a.b.c.d")


class Memory:
    """Values and messages that the server gave, by the name of their field or type: ready for the next request."""

    MOST = 50

    def __init__(self, random):
        self._random, self._texts, self._messages = random, {}, {}

    def keep(self, message):
        """As one to begin with where such a message is wanted."""
        self._keep(self._messages.setdefault(message.DESCRIPTOR.full_name, []), message)

    def learn(self, message, depth=0):
        """Keeps it and all that it is made of."""
        self.keep(message)
        for field, value in message.ListFields():
            values = value if field.label == Field.LABEL_REPEATED else [value]
            for each in list(values)[:5]:
                if field.type == Field.TYPE_MESSAGE and depth < MOST_DEPTH:
                    self.learn(each, depth + 1)
                elif field.type == Field.TYPE_STRING and len(each) < 1000:
                    self._keep(self._texts.setdefault(field.name, []), each)

    def _keep(self, kept, value):
        if len(kept) < self.MOST:
            kept.append(value)
        else:
            kept[self._random.randrange(self.MOST)] = value

    def text(self, field_name):
        """One that the server gave for such a field or any other; None when there is none."""
        # A request says in `parent` or `tuner_lease` what a resource says in `name`.
        kept = self._texts.get(field_name) or self._texts.get("name")
        if self._random.random() < 0.2 and self._texts:
            kept = self._random.choice(list(self._texts.values()))
        return self._random.choice(kept) if kept else None

    def message(self, descriptor):
        kept = self._messages.get(descriptor.full_name)
        return self._random.choice(kept) if kept else None


class Generator:
    """Messages at random. `factory` makes the classes of descriptors."""

    def __init__(self, random, factory, memory):
        self._random, self._factory, self._memory = random, factory, memory

    def message(self, descriptor, depth=0):
        known = self._memory.message(descriptor)
        made = self._factory.GetPrototype(descriptor)()
        if known is not None and self._random.random() < 0.5:
            made.CopyFrom(known)
            if self._random.random() < 0.4:
                return made
        # Few fields at a time: one fault each is what gets past the first check.
        share = self._random.choice((0.15, 0.4, 0.8))
        for field in descriptor.fields:
            if self._random.random() < share:
                self._fill(made, field, depth)
        return made

    def _fill(self, message, field, depth):
        if field.type == Field.TYPE_MESSAGE:
            if depth < MOST_DEPTH:
                self._fill_message(message, field, depth)
            return
        if field.label == Field.LABEL_REPEATED:
            count = self._random.choice((0, 1, 2, 3, 200) if self._random.random() < 0.05 else (0, 1, 2))
            getattr(message, field.name).extend(self._scalar(field) for _ in range(count))
        else:
            setattr(message, field.name, self._scalar(field))

    def _fill_message(self, message, field, depth):
        kind = field.message_type
        count = self._random.randrange(3) if field.label == Field.LABEL_REPEATED else 1
        for _ in range(count):
            if kind.full_name in ("google.protobuf.Duration", "google.protobuf.Timestamp"):
                value = self._factory.GetPrototype(kind)(seconds=self._random.choice(DURATION_SECONDS), nanos=self._random.choice(NANOS))
                if self._random.random() < 0.6:  # as a parameter may be
                    value.seconds, value.nanos = 0, self._random.randrange(1_000_000_000)
            elif kind.full_name == "google.protobuf.FieldMask":
                value = self._factory.GetPrototype(kind)(paths=[self._path(message.DESCRIPTOR) for _ in range(self._random.randrange(4))])
            else:
                value = self.message(kind, depth + 1)
            if field.label == Field.LABEL_REPEATED:
                getattr(message, field.name).append(value)
            else:
                getattr(message, field.name).CopyFrom(value)

    def _path(self, request):
        """A path for a mask: of the message that the request carries, or of any of it."""
        inner = [field.message_type for field in request.fields if field.message_type is not None and field.name not in ("update_mask", "read_mask")]
        descriptor, path = (self._random.choice(inner) if inner else request), []
        while descriptor is not None and len(path) < 4:
            field = self._random.choice(descriptor.fields)
            path.append(field.name)
            descriptor = field.message_type if self._random.random() < 0.7 else None
        return self._random.choice((".".join(path), ".".join(path), self._text("paths"), "*"))

    def _scalar(self, field):
        pick = self._random.choice
        if field.type == Field.TYPE_ENUM:
            return pick([value.number for value in field.enum_type.values] + [9999, -1])
        if field.type == Field.TYPE_BOOL:
            return pick((True, False))
        if field.type in (Field.TYPE_DOUBLE, Field.TYPE_FLOAT):
            return pick((0.0, 1.0, -1.0, 0.5, float("inf"), float("-inf"), float("nan"), 1e308, 5e-324))
        if field.type == Field.TYPE_STRING:
            return self._text(field.name)
        if field.type == Field.TYPE_BYTES:
            return self._random.randbytes(self._random.randrange(40))
        half = INT32 if field.type in (Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32) else INT64
        return pick((0, 1, -1, 2, 100, 1000, 10_000, half - 1, -half, self._random.randrange(-half, half), self._random.randrange(2000)))

    def _text(self, field_name):
        known = self._memory.text(field_name)
        if known is not None and self._random.random() < 0.5:
            return known
        chance = self._random.random()
        if chance < 0.3 or field_name in ("filter", "order_by"):
            return " ".join(self._random.choice(TOKENS) for _ in range(self._random.randrange(12)))
        if chance < 0.32:
            return self._random.choice("a(-\u00e9") * LONG_TEXT
        if chance < 0.5 and known:
            spot = self._random.randrange(len(known) + 1)
            return known[:spot] + self._random.choice(WORDS) + known[spot + 1:]
        return self._random.choice(WORDS)


def spoil(random, data):
    """A serialized message with some of its bytes changed, lost, doubled or added."""
    data = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        spot = random.randrange(len(data) + 1)
        what = random.randrange(5)
        if what == 0 and spot < len(data):
            data[spot] ^= 1 << random.randrange(8)
        elif what == 1:
            del data[spot:spot + random.randrange(1, 9)]
        elif what == 2:
            data[spot:spot] = data[spot:spot + random.randrange(1, 33)]
        elif what == 3:
            data[spot:spot] = random.randbytes(random.randrange(1, 9))
        else:
            data[spot:spot] = b"\xff" * 10  # a number that does not end
    return bytes(data)
