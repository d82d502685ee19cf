// Prints the ticks that github.com/robfig/cron/v3 finds, the library of the CronJob controller: the oracle for cron
// expressions of 5 fields.
//
// Each line of standard input is an expression, a zone, a start (Unix seconds) and how many ticks are wanted, with tabs
// between. The answer is one line: the ticks after the start as Unix seconds, with blanks between; fewer where no more
// are found. Else it is "refused: " and why, or "timeout". The zones come from the folder that ZONEINFO names.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Beside a date that a zone skips, Next does not return. Its goroutine is left behind then, until the program ends.
const limit = 3 * time.Second

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		answer := make(chan string, 1)
		go func(line string) { answer <- ticks(strings.Split(line, "\t")) }(lines.Text())
		select {
		case found := <-answer:
			fmt.Fprintln(out, found)
		case <-time.After(limit):
			fmt.Fprintln(out, "timeout")
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ticks(fields []string) string {
	if len(fields) != 4 {
		return "refused: a line has four parts"
	}
	zone, err := time.LoadLocation(fields[1])
	if err != nil {
		return "refused: " + err.Error()
	}
	start, startErr := strconv.ParseInt(fields[2], 10, 64)
	count, countErr := strconv.Atoi(fields[3])
	if startErr != nil || countErr != nil {
		return "refused: start and count are numbers"
	}
	schedule, err := cron.ParseStandard(fields[0])
	if err != nil {
		return "refused: " + err.Error()
	}
	at := time.Unix(start, 0).In(zone)
	var found []string
	for len(found) < count {
		if at = schedule.Next(at); at.IsZero() {
			break
		}
		found = append(found, strconv.FormatInt(at.Unix(), 10))
	}
	return strings.Join(found, " ")
}
