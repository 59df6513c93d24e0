#include "operator/manager/http_fetcher.h"

#include <curl/curl.h>

#include <memory>

namespace berth::control {
namespace {

constexpr long kTimeoutMs = 2'000;
constexpr size_t kPageMost = 256 * 1024;
constexpr const char* kPort = "8080";  // BERTH_PORT of the worker contract

size_t append(char* data, size_t size, size_t count, void* to) {
  auto& page = *static_cast<std::string*>(to);
  if (page.size() + size * count > kPageMost) return 0;  // ends the transfer
  page.append(data, size * count);
  return size * count;
}

// IPv6 addresses stand in brackets in a URL.
std::string url_of(const std::string& ip) {
  const bool is_v6 = ip.find(':') != std::string::npos;
  return "http://" + (is_v6 ? "[" + ip + "]" : ip) + ":" + kPort + "/metrics";
}

Result<std::string> get(const std::string& ip) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return Error{Code::Internal, "curl_easy_init failed"};
  std::string page;
  const std::string url = url_of(ip);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &page);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    return Error{Code::Unavailable, "get " + url + ": " + curl_easy_strerror(code)};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return Error{Code::Unavailable, "get " + url + ": " + std::to_string(status)};
  return page;
}

}  // namespace

HttpFetcher::HttpFetcher(std::function<void()> wake)
    : wake_(std::move(wake)), thread_([this] { work(); }) {}

HttpFetcher::~HttpFetcher() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HttpFetcher::fetch(const std::string& ip, Reply reply) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back({ip, std::move(reply)});
  }
  changed_.notify_all();
}

void HttpFetcher::deliver() {
  std::vector<std::pair<Reply, Result<std::string>>> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(answers_);
  }
  for (auto& [reply, page] : ready) reply(std::move(page));
}

void HttpFetcher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !asked_.empty(); });
    if (is_stopping_) return;
    Job job = std::move(asked_.front());
    asked_.pop_front();
    lock.unlock();
    Result<std::string> page = get(job.ip);
    lock.lock();
    answers_.emplace_back(std::move(job.reply), std::move(page));
    lock.unlock();
    wake_();
    lock.lock();
  }
}

}  // namespace berth::control
