// SPDX-License-Identifier: Apache-2.0
//
// Checks the fields of a file in protobuf's text format, and remembers what is wrong and where.
//
// A FieldReader is used by one thread while one file is read; it and the messages given to it live
// until then. Values that are wrong are noted and read as the least allowed one, so that one pass
// finds everything. Durations in ns. Nothing fails but what status() says.
#ifndef SCHEDD_SIMULATE_FIELD_READER_H_
#define SCHEDD_SIMULATE_FIELD_READER_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace schedd {

// A field, or what would be one, and where it stands; lines and columns from 0.
struct FieldPlace {
  std::string name;
  google::protobuf::TextFormat::ParseLocation at;
};

// A message of the file.
template <typename M>
struct Located {
  const M* message = nullptr;
  const google::protobuf::TextFormat::ParseInfoTree* tree = nullptr;  // nullptr: not known
  FieldPlace place;                                                   // of the field that holds it

  const M* operator->() const { return message; }
};

// Where field `number` of `message` stands, -1 for `index` if it is not repeated. Where `outer`
// does if it is not there.
FieldPlace PlaceOfField(const google::protobuf::Message& message,
                        const google::protobuf::TextFormat::ParseInfoTree* tree,
                        const FieldPlace& outer, int number, int index);

const google::protobuf::TextFormat::ParseInfoTree* TreeOfField(
    const google::protobuf::Message& message,
    const google::protobuf::TextFormat::ParseInfoTree* tree, int number, int index);

template <typename M>
FieldPlace PlaceOf(const Located<M>& outer, int number, int index = -1) {
  return PlaceOfField(*outer.message, outer.tree, outer.place, number, index);
}

// `child` is what field `number` of `outer` holds.
template <typename C, typename M>
Located<C> Inside(const Located<M>& outer, const C& child, int number, int index = -1) {
  return {&child, TreeOfField(*outer.message, outer.tree, number, index),
          PlaceOf(outer, number, index)};
}

// What a file says may be long and unprintable; a message is neither.
std::string Quote(absl::string_view text);

class FieldReader {
 public:
  // `path` is only named in messages.
  explicit FieldReader(absl::string_view path) : path_(path) {}

  void Refuse(const FieldPlace& place, absl::string_view why);
  bool ok() const { return refused_ == 0; }
  // INVALID_ARGUMENT with a line for each thing that is wrong, and `hint`.
  absl::Status status(absl::string_view hint) const;

  int64_t Int(const FieldPlace& place, int64_t value, int64_t least, int64_t most);
  // An empty text is `otherwise`, which need not be allowed.
  int64_t Duration(const FieldPlace& place, const std::string& text, int64_t least_ns,
                   int64_t otherwise_ns);
  // A list such as "0-3,7", in order and each CPU once; empty for "".
  std::vector<int> Cpus(const FieldPlace& place, absl::string_view text, int nr_cpus);
  // 1 to `longest` printable characters.
  std::string Name(const FieldPlace& place, const std::string& text, size_t longest);

 private:
  const std::string path_;
  std::vector<std::string> problems_;  // the first ones
  int refused_ = 0;
};

// Longest duration in a file: sums of a few cannot overflow.
inline constexpr int64_t kLongestNs = 24 * 3'600'000'000'000;

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_FIELD_READER_H_
