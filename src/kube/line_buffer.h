#pragma once
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace berth::kube {

// Cuts a stream of bytes into lines. Bytes are appended as they come; next() hands out whole lines
// without their newline, each valid until the next call of anything here.
class LineBuffer {
 public:
  explicit LineBuffer(size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  void append(std::string_view bytes) {
    drop_read();
    text_ += bytes;
  }

  std::optional<std::string_view> next() {
    const char* start = text_.data() + read_;
    const size_t left = text_.size() - read_;
    const auto* newline = static_cast<const char*>(
        left > scanned_ ? std::memchr(start + scanned_, '\n', left - scanned_) : nullptr);
    if (newline == nullptr) {
      scanned_ = left;
      return std::nullopt;
    }
    const auto length = static_cast<size_t>(newline - start);
    read_ += length + 1;
    scanned_ = 0;
    return std::string_view(start, length);
  }

  // A line has grown past the limit: nobody is going to read its end.
  bool is_overlong() const { return scanned_ > line_bytes_max_; }
  // Bytes after the last newline: when the stream ends here it was cut.
  bool has_partial_line() const { return read_ < text_.size(); }

 private:
  // Only once all lines were handed out, so that a burst is moved once and not once per line.
  void drop_read() {
    constexpr size_t kKeepBytes = 64UL << 10;
    if (read_ == text_.size() && text_.capacity() > kKeepBytes) {
      text_ = {};  // one big burst must not pin its memory for the life of the stream
    } else {
      text_.erase(0, read_);
    }
    read_ = 0;
  }

  size_t line_bytes_max_;
  std::string text_;
  size_t read_ = 0;     // where the unread part begins
  size_t scanned_ = 0;  // bytes of the unread part known to hold no newline
};

}  // namespace berth::kube
