#include "http/http2_frames.h"

#include <set>

#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

// Answers every request as soon as it is whole, refuses every fifth, and asks for every third body.
class Answering final : public http::Http2Events {
 public:
  explicit Answering(const http::Limits& limits) : frames_(*this, limits) {}

  http::Http2Frames& frames() { return frames_; }

  void on_greeting() override {
    require(!is_greeted_, "greeted twice");
    is_greeted_ = true;
  }
  bool on_headers(int32_t stream) override {
    require(stream % 2 == 1, "a request on a stream of ours");
    if (stream % 5 == 0) return false;
    require(open_.insert(stream).second, "a stream begins twice");
    return true;
  }
  void on_header(int32_t, std::string_view name, std::string_view) override {
    require(!name.empty(), "a header without a name");
  }
  void on_headers_end(int32_t stream) override {
    if (open_.contains(stream) && stream % 3 == 0) frames_.tell_to_go_on(stream);
  }
  void on_body(int32_t, std::string_view) override {}
  void on_request_end(int32_t stream) override {
    if (!open_.contains(stream)) return;
    frames_.answer(stream, {.status = 200, .body = std::string(100, 'x')}, stream % 7 == 0);
  }
  void on_stream_end(int32_t stream) override { open_.erase(stream); }

 private:
  http::Http2Frames frames_;
  std::set<int32_t> open_;
  bool is_greeted_ = false;
};

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kStep = 97;  // bytes at a time, so that frames are cut anywhere

}  // namespace

// The bytes of a connection of HTTP/2, behind its preface.
void http2_frames(std::string_view input) {
  Answering peer({.header_bytes_max = 1024, .streams_max = 8});
  if (!peer.frames().read(kPreface)) return;
  std::string out;
  while (!input.empty() && !peer.frames().is_over()) {
    const Status read = peer.frames().read(input.substr(0, kStep));
    input.remove_prefix(std::min(kStep, input.size()));
    out.clear();
    peer.frames().write(out, 16'384);
    if (!read) break;
  }
  peer.frames().finish();
  out.clear();
  peer.frames().write(out, 1 << 20);
}

}  // namespace berth::fuzz
