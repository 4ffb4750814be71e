// As much of an HTTP server as a metrics page needs (RFC 9112): one GET a connection.
#pragma once

#include <functional>
#include <string>

namespace libcopyfile::daemon {

// What to answer to a request whose head, up to the empty line, is `head`.
std::string http_answer(std::string_view head, const std::function<std::string()>& metrics);

// Reads one request and answers it; a peer has a few seconds and a few KiB.
void serve_http(int socket, int stop, const std::function<std::string()>& metrics);

}  // namespace libcopyfile::daemon
