// Prints the ticks that github.com/robfig/cron/v3 finds, the library of the CronJob controller: the oracle for cron
// expressions of 5 fields.
//
// Each line of standard input is an expression, a zone, a start (Unix seconds) and how many ticks are wanted, with tabs
// between. The answer is one line: the ticks after the start as Unix seconds, with blanks between; fewer where no more
// are found. Else it is "refused: " and why, or "timeout". The zones come from the folder that ZONEINFO names.
package main

import (
	"bufio"
	"errors"
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
	reply := ticks
	if len(os.Args) > 1 && os.Args[1] == "time" {
		reply = nanoseconds
	}
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		answer := make(chan string, 1)
		go func(line string) { answer <- reply(strings.Split(line, "\t")) }(lines.Text())
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

type question struct {
	schedule cron.Schedule
	start    time.Time
	count    int
}

func read(parser cron.Parser, fields []string) (question, error) {
	if len(fields) != 4 {
		return question{}, errors.New("a line has four parts")
	}
	zone, err := time.LoadLocation(fields[1])
	if err != nil {
		return question{}, err
	}
	start, startErr := strconv.ParseInt(fields[2], 10, 64)
	count, countErr := strconv.Atoi(fields[3])
	if startErr != nil || countErr != nil {
		return question{}, errors.New("start and count are numbers")
	}
	schedule, err := parser.Parse(fields[0])
	if err != nil {
		return question{}, err
	}
	return question{schedule, time.Unix(start, 0).In(zone), count}, nil
}

// What cron.ParseStandard takes, which is what the CronJob controller calls.
var standard = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

func ticks(fields []string) string {
	asked, err := read(standard, fields)
	if err != nil {
		return "refused: " + err.Error()
	}
	at := asked.start
	var found []string
	for len(found) < asked.count {
		if at = asked.schedule.Next(at); at.IsZero() {
			break
		}
		found = append(found, strconv.FormatInt(at.Unix(), 10))
	}
	return strings.Join(found, " ")
}

var withSeconds = cron.NewParser(
	cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

func nanoseconds(fields []string) string {
	asked, err := read(withSeconds, fields)
	if err != nil {
		return "refused: " + err.Error()
	}
	began, at := time.Now(), asked.start
	for range asked.count {
		if at = asked.schedule.Next(at); at.IsZero() {
			return "refused: there are no more"
		}
	}
	return strconv.FormatInt(time.Since(began).Nanoseconds(), 10)
}
