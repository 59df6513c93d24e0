#include "kube/curl_exchange.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "kube/reply.h"

namespace berth::kube {

namespace {

// A peer that is gone without a word is noticed in about this long, also by an idle connection.
constexpr long kKeepAliveIdleSeconds = 20;
constexpr long kKeepAliveIntervalSeconds = 5;
constexpr unsigned kUnacknowledgedMs = 30'000;

// Of a stream that was refused, whose body is only read for its message.
constexpr size_t kRefusalBytesMax = 1UL << 20;

const char* name_of(Method method) {
  switch (method) {
    case Method::Get: return "GET";
    case Method::Post: return "POST";
    case Method::Put: return "PUT";
    case Method::Patch: return "PATCH";
    case Method::Delete: return "DELETE";
  }
  __builtin_unreachable();
}

// libcurl opens sockets without close-on-exec, and a credential plugin has no business with them.
int prepare_socket(void*, curl_socket_t socket, curlsocktype) {
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMs, sizeof kUnacknowledgedMs);
  return CURL_SOCKOPT_OK;
}

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  if (text.empty()) return;
  // Not copied: the exchange keeps the identity alive for as long as the handle is in use. libcurl
  // only reads it, although the type says otherwise.
  curl_blob blob{
      .data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_NOCOPY};
  curl_easy_setopt(easy, option, &blob);
}

}  // namespace

Endpoint endpoint_of(const ClusterEntry& cluster) {
  Endpoint endpoint{.base_url = cluster.server, .is_tls = cluster.server.starts_with("https://")};
  while (endpoint.base_url.ends_with('/')) endpoint.base_url.pop_back();
  if (cluster.tls_server_name.empty() || !endpoint.is_tls) return endpoint;

  const size_t start = endpoint.base_url.find("//") + 2;
  const size_t end = std::min(endpoint.base_url.find('/', start), endpoint.base_url.size());
  endpoint.host = endpoint.base_url.substr(start, end - start);
  const size_t colon = endpoint.host.rfind(':');
  const bool has_port = colon != std::string::npos && !endpoint.host.ends_with(']');
  const std::string port = has_port ? endpoint.host.substr(colon) : ":443";
  endpoint.connect_to = "::" + (has_port ? endpoint.host.substr(0, colon) : endpoint.host) + port;
  endpoint.base_url = "https://" + cluster.tls_server_name + port + endpoint.base_url.substr(end);
  return endpoint;
}

CurlExchange::CurlExchange(StreamId id, Request request, Transport::Reply reply,
                           const WireRules& rules)
    : id_(id),
      request_(std::move(request)),
      reply_(std::move(reply)),
      is_stream_(false),
      rules_(rules),
      lines_(rules.max_line_bytes) {}

CurlExchange::CurlExchange(StreamId id, Request request, StreamSink sink, const WireRules& rules)
    : id_(id),
      request_(std::move(request)),
      sink_(std::move(sink)),
      is_stream_(true),
      rules_(rules),
      lines_(rules.max_line_bytes) {}

void CurlExchange::start(CURL* easy, CurlLoop& loop, std::shared_ptr<const Identity> identity) {
  forget_answer();
  easy_ = easy;
  loop_ = &loop;
  identity_ = std::move(identity);
  curl_easy_reset(easy_);
  set_request_options();
  set_security_options();
  set_headers();
  loop_->add(easy_);
}

void CurlExchange::leave() {
  if (loop_ != nullptr) loop_->remove(easy_);
  loop_ = nullptr;
  easy_ = nullptr;
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
  headers_ = nullptr;
  connect_to_ = nullptr;
}

void CurlExchange::forget_answer() {
  detail_.fill('\0');
  status_ = 0;
  retry_after_.reset();
  body_.clear();
  error_.reset();
  ended_ = false;
}

void CurlExchange::set_request_options() {
  const std::string url = rules_.endpoint.base_url + request_.path +
                          (request_.query.empty() ? "" : "?" + request_.query);
  curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, detail_.data());
  if (!request_.body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, name_of(request_.method));
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);

  // One connection for all: a request rather waits for the handshake under way than opens another.
  // Without TLS there is no HTTP/2 and libcurl would wait for the first answer to learn that.
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, rules_.endpoint.is_tls ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(rules_.connect_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, &prepare_socket);
  // Thirty fewer system calls a request; libcurl sends with MSG_NOSIGNAL and resolves in threads,
  // so there is no signal to be guarded from.
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // The environment does not choose our way: no proxy but one that was configured, and none is.
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
}

void CurlExchange::set_security_options() {
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, rules_.endpoint.is_tls ? "https" : "http");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);  // a token goes to nobody else
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!identity_->ca.empty()) {
    set_blob(easy_, CURLOPT_CAINFO_BLOB, identity_->ca);
    // Only the blob: libcurl would trust the machine's own authorities beside it.
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  }
  set_blob(easy_, CURLOPT_SSLCERT_BLOB, identity_->certificate);
  set_blob(easy_, CURLOPT_SSLKEY_BLOB, identity_->key);
  if (!rules_.endpoint.connect_to.empty()) {
    connect_to_ = curl_slist_append(nullptr, rules_.endpoint.connect_to.c_str());
    curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_);
  }
}

void CurlExchange::add_header(const std::string& line) {
  headers_ = curl_slist_append(headers_, line.c_str());
}

void CurlExchange::set_headers() {
  // No Accept-Encoding: on a cluster's network gzip costs both sides more than the bytes it saves.
  add_header("Accept: application/json");
  add_header("Expect:");  // would wait for a 100 before larger bodies
  if (!request_.body.empty()) add_header("Content-Type: " + request_.content_type);
  if (!identity_->token.empty()) add_header("Authorization: Bearer " + identity_->token);
  if (!rules_.endpoint.host.empty()) add_header("Host: " + rules_.endpoint.host);
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, rules_.user_agent.c_str());
}

size_t CurlExchange::on_header(char*, size_t size, size_t count, void* self) {
  static_cast<CurlExchange*>(self)->note_heard();
  return size * count;
}

size_t CurlExchange::on_body(char* data, size_t size, size_t count, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  exchange.note_heard();
  // Less than what came tells libcurl to give up.
  return exchange.take({data, size * count}) ? size * count : 0;
}

void CurlExchange::note_heard() {
  heard = true;
  if (loop_ != nullptr) loop_->heard = true;  // libcurl may still call while it is taken off
}

bool CurlExchange::take(std::string_view bytes) {
  if (status_ == 0) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    status_ = static_cast<int>(status);
  }
  if (is_stream_ && status_ == 200) {
    lines_.append(bytes);
    return true;
  }
  const size_t limit = is_stream_ ? kRefusalBytesMax : rules_.max_body_bytes;
  if (body_.size() + bytes.size() > limit) {
    error_ = Error{Code::Invalid, "the reply is larger than " + std::to_string(limit) + " bytes"};
    return false;
  }
  body_ += bytes;
  return true;
}

Error CurlExchange::wire_error(CURLcode code) const {
  const std::string text = detail_[0] != '\0' ? detail_.data() : curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return {Code::Timeout, text};
    case CURLE_SSL_CERTPROBLEM: return {Code::Invalid, "client certificate: " + text};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Code::Unavailable, "the server's certificate: " + text};
    case CURLE_SSL_CONNECT_ERROR: return {Code::Unavailable, "TLS: " + text};
    case CURLE_URL_MALFORMAT: return {Code::Invalid, text};
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT: return {Code::Internal, text};
    default: return {Code::Unavailable, text};  // refused, reset, cut: the other side is not there
  }
}

void CurlExchange::finish(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  status_ = static_cast<int>(status);
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
  constexpr curl_off_t kDay = 86'400;  // more does not fit into milliseconds, nor into a plan
  if (seconds > 0) retry_after_ = std::chrono::seconds(std::min(seconds, kDay));
  if (code != CURLE_OK && !error_) error_ = wire_error(code);
  ended_ = true;
}

void CurlExchange::fail(Error error) {
  error_ = std::move(error);
  ended_ = true;
}

void CurlExchange::deliver_lines() {
  while (!closed) {
    const auto line = lines_.next();
    if (!line) break;
    if (!line->empty()) sink_.on_line(*line);
  }
  if (!ended_ && lines_.is_overlong())
    fail({Code::Invalid,
          "a line is longer than " + std::to_string(rules_.max_line_bytes) + " bytes"});
}

void CurlExchange::deliver_end() {
  if (closed) return;
  closed = true;
  if (!is_stream_) {
    if (error_) return reply_(*error_);
    return reply_(Response{status_, retry_after_, std::move(body_)});
  }
  if (error_) {
    error_->message = attempt(request_) + ": " + error_->message;
    return sink_.on_end(*error_);
  }
  if (status_ != 200) return sink_.on_end(error_of(request_, {status_, retry_after_, body_}));
  if (lines_.has_partial_line())
    return sink_.on_end(
        Error{Code::Unavailable, attempt(request_) + ": the stream was cut inside a line"});
  sink_.on_end(Done{});
}

}  // namespace berth::kube
