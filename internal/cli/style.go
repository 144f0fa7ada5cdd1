package cli

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// style dresses text in the sixteen colours that the user's terminal defines, or in none.
type style struct {
	title, flag, value, code, mark, warn, faint func(...string) string
}

// newStyle never asks the terminal anything: the profile is given, and no colour depends on
// the background. Left to itself lipgloss would query the terminal and wait for an answer.
func newStyle(colors bool) style {
	r := lipgloss.NewRenderer(io.Discard, termenv.WithProfile(termenv.Ascii))
	r.SetColorProfile(termenv.Ascii)
	if colors {
		r.SetColorProfile(termenv.ANSI)
	}
	r.SetHasDarkBackground(true)
	plain := r.NewStyle().TabWidth(lipgloss.NoTabConversion)
	of := func(color string) lipgloss.Style { return plain.Foreground(lipgloss.Color(color)) }
	return style{
		title: plain.Bold(true).Render,
		flag:  of("6").Render,
		value: of("2").Render,
		code:  of("6").Render,
		mark:  of("1").Bold(true).Render,
		warn:  of("3").Render,
		faint: plain.Faint(true).Render,
	}
}

// pad fills s up with spaces to a width in terminal cells; at least one follows it.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(1, width-lipgloss.Width(s)))
}
