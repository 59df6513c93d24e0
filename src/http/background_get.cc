#include "http/background_get.h"

#include <curl/curl.h>

#include <memory>

namespace berth::http {
namespace {

struct Page {
  std::string text;
  size_t limit = 0;
};

size_t append(char* data, size_t size, size_t count, void* to) {
  auto& page = *static_cast<Page*>(to);
  if (page.text.size() + size * count > page.limit) return 0;  // ends the transfer
  page.text.append(data, size * count);
  return size * count;
}

Result<std::string> fetch_page(const std::string& url, const GetLimits& limits) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return Error{Code::Internal, "get " + url + ": out of memory"};
  Page page{.text = {}, .limit = limits.page_bytes};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &page);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    return Error{Code::Unavailable, "get " + url + ": " + curl_easy_strerror(code)};
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return Error{Code::Unavailable, "get " + url + ": status " + std::to_string(status)};
  }
  return std::move(page.text);
}

}  // namespace

BackgroundGet::BackgroundGet(std::function<void()> wake, GetLimits limits)
    : wake_(std::move(wake)), limits_(limits), thread_([this] { work(); }) {}

BackgroundGet::~BackgroundGet() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundGet::get(std::string url, Reply reply) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back({std::move(url), std::move(reply)});
  }
  changed_.notify_all();
}

void BackgroundGet::deliver() {
  std::vector<std::pair<Reply, Result<std::string>>> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(answers_);
  }
  for (auto& [reply, page] : ready) reply(std::move(page));
}

void BackgroundGet::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !asked_.empty(); });
    if (is_stopping_) return;
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    lock.unlock();
    Result<std::string> page = fetch_page(asked.url, limits_);
    lock.lock();
    answers_.emplace_back(std::move(asked.reply), std::move(page));
    lock.unlock();
    wake_();
    lock.lock();
  }
}

}  // namespace berth::http
