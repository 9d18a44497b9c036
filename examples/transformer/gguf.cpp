// SPDX-License-Identifier: Apache-2.0
#include "gguf.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

#include <svfmath/core/error.hpp>

#include "unicode.hpp"

namespace llama {

namespace {

using svf::error_kind;

// Value types by their ids.
enum class value_type : std::int32_t {
  u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64
};
constexpr std::int32_t value_types = 13;

constexpr std::size_t longest_name = 63;
constexpr std::uint32_t most_dimensions = 4;
// What the shortest key-value pair and tensor description take: a bound on counts.
constexpr std::uint64_t smallest_pair = 8 + 1 + 4 + 1;
constexpr std::uint64_t smallest_tensor = 8 + 4 + 8 + 4 + 8;

// Reads little-endian values one after the other, never past the end.
class reader {
 public:
  reader(std::span<std::byte const> bytes, std::string file)
      : bytes_(bytes), file_(std::move(file)) {}

  template <class T>
  T number(std::string_view what) {
    need(sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  bool boolean(std::string_view what) {
    auto const value = number<std::uint8_t>(what);
    expects(value <= 1, what, ": a boolean must be 0 or 1, got ", int(value));
    return value == 1;
  }

  std::string string(std::string_view what) {
    auto const length = number<std::uint64_t>(what);
    need(length, what);
    std::string text(reinterpret_cast<char const*>(bytes_.data()) + at_, std::size_t(length));
    at_ += std::size_t(length);
    return text;
  }

  // A count of things that take at least `smallest` bytes each.
  std::uint64_t count(std::string_view what, std::uint64_t smallest) {
    auto const value = number<std::uint64_t>(what);
    check_count(what, value, smallest);
    return value;
  }
  void check_count(std::string_view what, std::uint64_t value, std::uint64_t smallest) const {
    expects(value <= remaining() / smallest, what, ": ", value, " cannot fit into the ",
            remaining(), " bytes that are left");
  }

  std::uint64_t remaining() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }

  template <class... Parts>
  void expects(bool condition, Parts const&... parts) const {
    svf::expects(condition, error_kind::format, file_, ": ", parts...);
  }

 private:
  void need(std::uint64_t bytes, std::string_view what) const {
    expects(bytes <= remaining(), what, ": expected ", bytes,
            " more bytes, but the file ends after ", remaining());
  }

  std::span<std::byte const> bytes_;
  std::string file_;
  std::size_t at_ = 0;
};

value_type read_value_type(reader& in, std::string const& what) {
  auto const id = in.number<std::int32_t>(what);
  in.expects(id >= 0 && id < value_types, what, ": unknown value type ", id);
  return value_type(id);
}

std::size_t bytes_of(value_type type) {
  switch (type) {
    case value_type::u8:
    case value_type::i8:
    case value_type::boolean: return 1;
    case value_type::u16:
    case value_type::i16: return 2;
    case value_type::u32:
    case value_type::i32:
    case value_type::f32: return 4;
    case value_type::string:
    case value_type::array:
    case value_type::u64:
    case value_type::i64:
    case value_type::f64: return 8;
  }
  return 8;
}

gguf_value read_scalar(reader& in, value_type type, std::string const& what) {
  switch (type) {
    case value_type::u8: return std::uint64_t{in.number<std::uint8_t>(what)};
    case value_type::u16: return std::uint64_t{in.number<std::uint16_t>(what)};
    case value_type::u32: return std::uint64_t{in.number<std::uint32_t>(what)};
    case value_type::u64: return in.number<std::uint64_t>(what);
    case value_type::i8: return std::int64_t{in.number<std::int8_t>(what)};
    case value_type::i16: return std::int64_t{in.number<std::int16_t>(what)};
    case value_type::i32: return std::int64_t{in.number<std::int32_t>(what)};
    case value_type::i64: return in.number<std::int64_t>(what);
    case value_type::f32: return double{in.number<float>(what)};
    case value_type::f64: return in.number<double>(what);
    case value_type::boolean: return in.boolean(what);
    case value_type::string: return in.string(what);
    case value_type::array: break;
  }
  svf::fail(error_kind::format, what, ": an array within an array");
}

std::int64_t to_signed(reader const& in, gguf_value const& value, std::string const& what) {
  if (auto const* const flag = std::get_if<bool>(&value)) {
    return *flag ? 1 : 0;
  }
  if (auto const* const number = std::get_if<std::int64_t>(&value)) {
    return *number;
  }
  auto const number = std::get<std::uint64_t>(value);
  in.expects(number <= std::uint64_t(std::numeric_limits<std::int64_t>::max()), what, ": ", number,
             " is too large");
  return std::int64_t(number);
}

gguf_value read_array(reader& in, std::string const& what) {
  value_type const type = read_value_type(in, what);
  in.expects(type != value_type::array, what, ": arrays within arrays are not allowed");
  std::uint64_t const count = in.count(what, bytes_of(type));
  auto const fill = [&](auto values, auto convert) -> gguf_value {
    values.reserve(std::size_t(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      values.push_back(convert(read_scalar(in, type, what)));
    }
    return values;
  };
  if (type == value_type::string) {
    return fill(std::vector<std::string>{},
                [](gguf_value value) { return std::get<std::string>(std::move(value)); });
  }
  if (type == value_type::f32 || type == value_type::f64) {
    return fill(std::vector<double>{},
                [](gguf_value const& value) { return std::get<double>(value); });
  }
  return fill(std::vector<std::int64_t>{},
              [&](gguf_value const& value) { return to_signed(in, value, what); });
}

std::uint64_t read_alignment(reader const& in, value_type type, gguf_value const& value) {
  in.expects(type == value_type::u32, "general.alignment: expected a 32-bit unsigned number");
  auto const alignment = std::get<std::uint64_t>(value);
  in.expects(alignment != 0 && (alignment & (alignment - 1)) == 0,
             "general.alignment: expected a power of two, got ", alignment);
  return alignment;
}

// a·b within what a file can hold; the bound leaves room for padding.
std::uint64_t product(reader const& in, std::string const& what, std::uint64_t a, std::uint64_t b) {
  constexpr auto most = std::uint64_t(std::numeric_limits<std::int64_t>::max()) / 2;
  in.expects(b == 0 || a <= most / b, what, ": the product of its sizes overflows");
  return a * b;
}

struct described_tensor {
  gguf_tensor tensor;
  std::uint64_t offset;
};

described_tensor read_tensor(reader& in) {
  gguf_tensor tensor;
  tensor.name = in.string("tensor name");
  std::string const what = "tensor " + in_quotes(tensor.name);
  in.expects(!tensor.name.empty() && tensor.name.size() <= longest_name, what,
             ": expected a name of 1 … ", longest_name, " bytes, got ", tensor.name.size());
  auto const dimensions = in.number<std::uint32_t>(what);
  in.expects(dimensions >= 1 && dimensions <= most_dimensions, what, ": expected 1 … ",
             most_dimensions, " dimensions, got ", dimensions);
  tensor.shape.resize(dimensions);
  std::uint64_t elements = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    auto const size = in.number<std::int64_t>(what);
    in.expects(size >= 0, what, ": size ", size, " is negative");
    tensor.shape[dimensions - 1 - i] = std::uint64_t(size);
    elements = product(in, what, elements, std::uint64_t(size));
  }
  auto const id = in.number<std::int32_t>(what);
  auto const type = gguf_type_from_id(id);
  in.expects(type.has_value(), what, ": type ", id,
             " is not supported; supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K "
             "and Q6_K");
  tensor.type = *type;
  gguf_block const block = block_of(*type);
  in.expects(tensor.shape.back() % block.elements == 0, what, ": rows of ", tensor.shape.back(),
             " are not whole blocks of ", block.elements, " as ", to_string(*type), " needs them");
  tensor.bytes = product(in, what, elements / block.elements, block.bytes);
  auto const offset = in.number<std::uint64_t>(what);
  return {std::move(tensor), offset};
}

}  // namespace

std::uint64_t gguf_tensor::elements() const {
  std::uint64_t result = 1;
  for (std::uint64_t const extent : shape) {
    result *= extent;
  }
  return result;
}

gguf_file::gguf_file(std::filesystem::path const& path) : file_(path) {
  reader in(file_.bytes(), path.string());
  std::array<char, 4> magic{};
  for (char& c : magic) {
    c = char(in.number<std::uint8_t>("magic"));
  }
  std::string_view const found(magic.data(), magic.size());
  in.expects(found == "GGUF", "expected the magic 'GGUF', got ", in_quotes(found));
  version_ = in.number<std::uint32_t>("version");
  in.expects((version_ & 0xFFFFu) != 0 || version_ == 0, "version ", version_,
             ": the file is big-endian, expected little-endian");
  in.expects(version_ == 2 || version_ == 3, "expected GGUF version 2 or 3, got ", version_);
  std::uint64_t const tensors = in.number<std::uint64_t>("tensor count");
  std::uint64_t const pairs = in.count("key count", smallest_pair);
  in.check_count("tensor count", tensors, smallest_tensor);

  for (std::uint64_t i = 0; i < pairs; ++i) {
    std::string key = in.string("key");
    in.expects(!key.empty(), "key ", i, " is empty");
    std::string const what = "key " + in_quotes(key);
    value_type const type = read_value_type(in, what);
    bool const array = type == value_type::array;
    gguf_value read = array ? read_array(in, what) : read_scalar(in, type, what);
    if (key == "general.alignment") {
      alignment_ = read_alignment(in, type, read);
    }
    in.expects(metadata_.emplace(std::move(key), std::move(read)).second, what, " occurs twice");
  }

  std::uint64_t const padding = alignment_ - 1;
  std::uint64_t end = 0;
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < tensors; ++i) {
    auto [tensor, offset] = read_tensor(in);
    std::string const what = "tensor " + in_quotes(tensor.name);
    in.expects(names.insert(tensor.name).second, what, " occurs twice");
    in.expects(offset == end, what, ": expected offset ", end, ", got ", offset);
    tensor.begin = offset;
    end = offset + tensor.bytes;
    in.expects(end <= file_.size(), what, ": its data would end at ", end,
               ", but the whole file has ", file_.size(), " bytes");
    end = (end + padding) & ~padding;
    tensors_.push_back(std::move(tensor));
  }
  std::uint64_t const begin = (in.position() + padding) & ~padding;
  in.expects(tensors_.empty() || begin <= file_.size(), "the file ends before its data begins");
  data_ = file_.bytes().subspan(std::size_t(std::min<std::uint64_t>(begin, file_.size())));
  for (auto const& tensor : tensors_) {
    in.expects(tensor.begin + tensor.bytes <= data_.size(), "tensor ", in_quotes(tensor.name),
               ": expected ", tensor.bytes, " bytes at ", tensor.begin, ", but the data ends at ",
               data_.size());
  }
}

gguf_tensor const* gguf_file::find(std::string_view name) const {
  for (auto const& tensor : tensors_) {
    if (tensor.name == name) {
      return &tensor;
    }
  }
  return nullptr;
}

std::span<std::byte const> gguf_file::bytes(gguf_tensor const& tensor) const {
  return data_.subspan(std::size_t(tensor.begin), std::size_t(tensor.bytes));
}

void gguf_file::read(gguf_tensor const& tensor, std::span<float> out) const {
  dequantize(tensor.type, bytes(tensor), out);
}

gguf_value const& gguf_file::value(std::string_view key) const {
  auto const found = metadata_.find(key);
  svf::expects(found != metadata_.end(), error_kind::format, path(), ": expected the key ",
               in_quotes(key), ", got a file without it");
  return found->second;
}

template <class T>
T const& gguf_file::value_as(std::string_view key, std::string_view expected) const {
  auto const* const result = std::get_if<T>(&value(key));
  svf::expects(result != nullptr, error_kind::format, path(), ": key ", in_quotes(key),
               ": expected ", expected, ", got another type");
  return *result;
}

std::int64_t gguf_file::integer(std::string_view key) const {
  if (auto const* const number = std::get_if<std::uint64_t>(&value(key))) {
    svf::expects(*number <= std::uint64_t(std::numeric_limits<std::int64_t>::max()),
                 error_kind::format, path(), ": key ", in_quotes(key), ": ", *number,
                 " is too large");
    return std::int64_t(*number);
  }
  return value_as<std::int64_t>(key, "a whole number");
}

double gguf_file::real(std::string_view key) const { return value_as<double>(key, "a float"); }

std::string const& gguf_file::text(std::string_view key) const {
  return value_as<std::string>(key, "a string");
}

std::vector<std::string> const& gguf_file::texts(std::string_view key) const {
  return value_as<std::vector<std::string>>(key, "an array of strings");
}

std::vector<std::int64_t> const& gguf_file::integers(std::string_view key) const {
  return value_as<std::vector<std::int64_t>>(key, "an array of whole numbers");
}

std::optional<std::int64_t> gguf_file::find_integer(std::string_view key) const {
  return contains(key) ? std::optional(integer(key)) : std::nullopt;
}

std::optional<double> gguf_file::find_real(std::string_view key) const {
  return contains(key) ? std::optional(real(key)) : std::nullopt;
}

std::optional<bool> gguf_file::find_flag(std::string_view key) const {
  return contains(key) ? std::optional(value_as<bool>(key, "a boolean")) : std::nullopt;
}

std::string const* gguf_file::find_text(std::string_view key) const {
  return contains(key) ? &text(key) : nullptr;
}

}  // namespace llama
