// Prints the proxy that golang.org/x/net/http/httpproxy takes, the package that kubectl leaves HTTPS_PROXY and NO_PROXY
// to: the oracle for the proxy of the environment.
//
// Each line of standard input is HTTPS_PROXY, NO_PROXY and the URL of a server, with tabs between. The answer is one line:
// the URL of the proxy, "direct", or "refused: " and why.
package main

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		fmt.Fprintln(out, proxy(strings.Split(lines.Text(), "\t")))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func proxy(fields []string) string {
	if len(fields) != 3 {
		return "refused: a line has three parts"
	}
	server, err := url.Parse(fields[2])
	if err != nil {
		return "refused: " + err.Error()
	}
	config := httpproxy.Config{HTTPSProxy: fields[0], NoProxy: fields[1]}
	found, err := config.ProxyFunc()(server)
	if err != nil {
		return "refused: " + err.Error()
	}
	if found == nil {
		return "direct"
	}
	return found.String()
}
