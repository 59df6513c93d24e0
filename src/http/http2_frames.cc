#include "http/http2_frames.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cctype>
#include <cstring>
#include <utility>
#include <vector>

namespace berth::http {
namespace {

// Bodies are taken as they come, so windows bound only what is under way.
constexpr int32_t kWindow = 1024 * 1024;

nghttp2_nv header(std::string_view name, std::string_view value) {
  // nghttp2 copies both and writes to neither.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string_view view(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

bool is_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

// Only fails for want of memory or by our mistake.
void must(int error) {
  assert(error == 0);
  (void)error;
}

}  // namespace

struct Http2Frames::Calls {
  static Http2Frames& of(void* self) { return *static_cast<Http2Frames*>(self); }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    if (!is_request(*frame)) return 0;
    const int32_t stream = frame->hd.stream_id;
    if (of(self).events_.on_headers(stream)) return 0;
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* self) {
    of(self).events_.on_header(frame->hd.stream_id, view(name, name_size), view(value, value_size));
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Http2Frames& frames = of(self);
    if (frame->hd.type == NGHTTP2_SETTINGS && !std::exchange(frames.is_greeted_, true)) {
      frames.events_.on_greeting();
    }
    if (is_request(*frame)) frames.events_.on_headers_end(frame->hd.stream_id);
    const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      frames.events_.on_request_end(frame->hd.stream_id);
    }
    return 0;
  }

  static int data_received(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes,
                           size_t size, void* self) {
    of(self).events_.on_body(stream, view(bytes, size));
    return 0;
  }

  static int stream_closed(nghttp2_session*, int32_t stream, uint32_t, void* self) {
    of(self).outgoing_.erase(stream);
    of(self).events_.on_stream_end(stream);
    return 0;
  }

  // A peer that has its answer and goes on sending is told to stop (RFC 9113, 8.1).
  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!may_end || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    const int32_t stream = frame->hd.stream_id;
    if (nghttp2_session_get_stream_remote_close(session, stream) != 0) return 0;
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
  }

  static ssize_t body(nghttp2_session*, int32_t, uint8_t* out, size_t size, uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto& outgoing = *static_cast<Outgoing*>(source->ptr);
    const size_t now = std::min(size, outgoing.body.size() - outgoing.sent);
    std::memcpy(out, outgoing.body.data() + outgoing.sent, now);
    outgoing.sent += now;
    if (outgoing.sent == outgoing.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }

  static nghttp2_session* make(Http2Frames& frames) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(calls, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, data_received);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, stream_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, frame_sent);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    // Nothing is prioritised, so nothing is remembered of streams that are through. The bounds of
    // nghttp2 on resets (1000, then 33/s), on unsent acknowledgements (1000), on settings in one
    // frame (32) and on continued headers (8 frames) stay as they are.
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new2(&session, calls, &frames, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(calls);
    return session;
  }
};

Http2Frames::Http2Frames(Http2Events& events, const Limits& limits)
    : events_(events), session_(Calls::make(*this)) {
  const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                                   static_cast<uint32_t>(limits.streams_max)},
                            nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                                                   static_cast<uint32_t>(limits.header_bytes_max)},
                            nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}};
  nghttp2_session* session = session_.get();
  must(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  must(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindow));
}

Status Http2Frames::read(std::string_view bytes) {
  const ssize_t got = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (got >= 0) return Done{};
  const char* why = nghttp2_strerror(static_cast<int>(got));
  end(why);
  return Error{Code::Invalid, std::string("this is not HTTP/2: ") + why};
}

void Http2Frames::write(std::string& out, size_t size) {
  const uint8_t* bytes = nullptr;
  while (out.size() < size) {
    const ssize_t got = nghttp2_session_mem_send(session_.get(), &bytes);
    if (got <= 0) return;
    out.append(view(bytes, static_cast<size_t>(got)));
  }
}

bool Http2Frames::is_over() const {
  return nghttp2_session_want_read(session_.get()) == 0 &&
         nghttp2_session_want_write(session_.get()) == 0;
}

void Http2Frames::tell_to_go_on(int32_t stream) {
  const nghttp2_nv status = header(":status", "100");
  must(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream, nullptr, &status, 1,
                              nullptr));
}

void Http2Frames::answer(int32_t stream, Response response, bool is_head) {
  const std::string status = std::to_string(response.status);
  const std::string length = std::to_string(response.body.size());
  std::vector headers{header(":status", status), header("content-type", response.content_type),
                      header("content-length", length)};
  std::vector<std::string> names;  // in lower case, as HTTP/2 wants them
  names.reserve(response.headers.size());
  for (const auto& [name, value] : response.headers) {
    std::string& lower = names.emplace_back(name);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    headers.push_back(header(lower, value));
  }
  const bool has_body = !is_head && !response.body.empty();
  auto& outgoing = outgoing_[stream];
  outgoing.body = std::move(response.body);
  nghttp2_data_provider body{.source = {.ptr = &outgoing}, .read_callback = Calls::body};
  must(nghttp2_submit_response(session_.get(), stream, headers.data(), headers.size(),
                               has_body ? &body : nullptr));
}

void Http2Frames::reset(int32_t stream) {
  must(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL));
}

void Http2Frames::finish() {
  const int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  must(
      nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0));
}

void Http2Frames::end(std::string_view line) {
  const int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  must(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_PROTOCOL_ERROR,
                             reinterpret_cast<const uint8_t*>(line.data()), line.size()));
  must(nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR));
}

}  // namespace berth::http
