#pragma once
#include <cassert>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace berth {

// What kind of failure it was. Kept few, so that whether to retry is a property of the code.
enum class Code {
  NotFound,
  AlreadyExists,
  Conflict,     // somebody else wrote first: read again, decide again
  Invalid,      // the input is wrong; the message names the field or the place
  Unavailable,  // the other side cannot answer now (5xx, 429, refused, reset)
  Timeout,
  Unauthorized,  // who we are was not accepted
  Forbidden,     // who we are is known and may not
  Expired,       // 410: the version asked for is gone, only a fresh list can be trusted
  Internal,      // our own mistake
};

// A failure as a value. The message says what was attempted on what ("patch Quota blue: 409 ..."),
// without trailing period.
struct Error {
  Code code = Code::Internal;
  std::string message;
  // How long the other side asked to be left alone (429 and 503 with Retry-After).
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;

  bool is_retryable() const {
    switch (code) {
      case Code::AlreadyExists:
      case Code::Conflict:
      case Code::Unavailable:
      case Code::Timeout:
      case Code::Unauthorized:
      case Code::Expired:
      case Code::Internal: return true;
      case Code::NotFound:
      case Code::Invalid:
      case Code::Forbidden: return false;
    }
    __builtin_unreachable();
  }
  bool operator==(const Error&) const = default;
};

// A value or the Error that kept it from being. Nothing in a header throws.
template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that `return value;` and `return error;` read as what they mean.
  // NOLINTNEXTLINE(google-explicit-constructor): see above
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): see above
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

struct Done {
  bool operator==(const Done&) const = default;
};
using Status = Result<Done>;

}  // namespace berth

// Unwraps, or returns the error to the caller: a GNU statement expression, for gcc and clang. Not
// in the braces of an aggregate: both forget what they have made of it when the expression returns.
#define BERTH_TRY(expr)                                \
  ({                                                   \
    auto&& try_result_ = (expr);                       \
    if (!try_result_.ok()) return try_result_.error(); \
    std::move(try_result_).value();                    \
  })
