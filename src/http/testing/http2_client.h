#pragma once
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/testing/client.h"
#include "http/testing/tls_socket.h"

namespace berth::http::testing {

// HTTP/2. Answers are received as their streams end, whatever was asked first.
class Http2Client final : public Client {
 public:
  Http2Client(const std::string& ca, const std::optional<KeyPair>& pair)
      : socket_(ca, pair, "\x02h2") {}

  // Shakes hands and sends the preface; a server may still refuse both.
  bool connect(uint16_t port) override { return shake_hands(port) && greet(); }
  bool shake_hands(uint16_t port) {
    answers_.clear();
    running_.clear();
    farewell_.clear();
    session_.reset(make(*this));
    return socket_.connect(port);
  }
  bool greet() {
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, nullptr, 0);
    return flush();
  }
  bool is_cut() override { return socket_.is_cut(); }
  void disconnect() override { socket_.disconnect(); }
  void allow_at_most(int tls_version) override { socket_.allow_at_most(tls_version); }
  bool send_raw(std::string_view bytes) { return socket_.send(bytes); }

  bool ask(const Call& call) override {
    start(call);
    return flush();
  }

  // Queues a call for the next flush() and names its stream.
  int32_t start(const Call& call) {
    const std::string length = std::to_string(call.declared.value_or(call.body.size()));
    std::vector<nghttp2_nv> headers{header(":method", call.method), header(":scheme", "https"),
                                    header(":authority", "localhost"), header(":path", call.path)};
    if (!call.is_of_unknown_length) headers.push_back(header("content-length", length));
    for (const auto& [name, value] : call.headers) headers.push_back(header(name, value));
    const auto data = std::make_shared<Outgoing>(Outgoing{call.body, call.is_unfinished, 0});
    nghttp2_data_provider provider{.source = {.ptr = data.get()}, .read_callback = body};
    const bool has_body = !call.body.empty() || call.is_unfinished;
    const int32_t stream =
        nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(),
                               has_body ? &provider : nullptr, nullptr);
    running_[stream] = {.answer = {.stream = stream}, .data = data};
    return stream;
  }

  void reset(int32_t stream) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }
  void ping() { nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr); }

  bool flush() {
    std::string out;
    const uint8_t* bytes = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_.get(), &bytes)) > 0) {
      out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
    return socket_.send(out);
  }

  std::optional<Answer> receive() override {
    while (answers_.empty()) {
      if (!read_more()) return std::nullopt;
    }
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  // What the server said when it ended the connection; nothing within ten seconds is "nothing".
  std::string farewell() {
    while (farewell_.empty()) {
      if (!read_more()) return "nothing";
    }
    return farewell_;
  }

 private:
  struct Outgoing {
    std::string text;
    bool is_unfinished = false;
    size_t sent = 0;
  };
  struct Running {
    Answer answer;
    std::shared_ptr<Outgoing> data;
    bool is_answered = false;  // though we may still be sending
  };
  struct FreeSession {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  static Http2Client& of(void* self) { return *static_cast<Http2Client*>(self); }
  static nghttp2_nv header(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }

  static ssize_t body(nghttp2_session*, int32_t, uint8_t* out, size_t size, uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto& data = *static_cast<Outgoing*>(source->ptr);
    const size_t now = std::min(size, data.text.size() - data.sent);
    if (now == 0 && data.is_unfinished) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(out, data.text.data() + data.sent, now);
    data.sent += now;
    if (data.sent == data.text.size() && !data.is_unfinished) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* self) {
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    Answer& answer = of(self).running_[frame->hd.stream_id].answer;
    if (key == ":status") answer.status = std::atoi(text.c_str());
    answer.head += key + ": " + text + "\n";
    return 0;
  }

  static int on_data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                     void* self) {
    of(self).running_[stream].answer.body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      of(self).end(of(self).running_[frame->hd.stream_id]);
    }
    if (frame->hd.type == NGHTTP2_GOAWAY && of(self).farewell_.empty()) {
      of(self).farewell_.assign(reinterpret_cast<const char*>(frame->goaway.opaque_data),
                                frame->goaway.opaque_data_len);
    }
    return 0;
  }

  static int on_close(nghttp2_session*, int32_t stream, uint32_t, void* self) {
    Running& running = of(self).running_[stream];
    if (!running.is_answered) {
      running.answer.status = 0;
      of(self).end(running);
    }
    of(self).running_.erase(stream);
    return 0;
  }

  void end(Running& running) {
    answers_.push_back(std::move(running.answer));
    running.is_answered = true;
  }

  static nghttp2_session* make(Http2Client& client) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new(&session, calls, &client);
    nghttp2_session_callbacks_del(calls);
    return session;
  }

  bool read_more() {
    const std::string_view more = socket_.read();
    if (more.empty()) return false;
    const auto* bytes = reinterpret_cast<const uint8_t*>(more.data());
    if (nghttp2_session_mem_recv(session_.get(), bytes, more.size()) < 0) return false;
    flush();  // acknowledgements; a server that has closed may still have answered
    return true;
  }

  TlsSocket socket_;
  std::unique_ptr<nghttp2_session, FreeSession> session_;
  std::map<int32_t, Running> running_;
  std::deque<Answer> answers_;
  std::string farewell_;
};

}  // namespace berth::http::testing
