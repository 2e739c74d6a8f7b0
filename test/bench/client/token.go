package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// login does what a client does first: it asks without credentials and follows the challenge. It returns the value of
// the Authorization header, or nothing for a registry that wants none.
func login(connect func() exchanger, user, password string, scopes []string) (string, error) {
	challenge := ""
	err := connect().exchange(request{method: http.MethodGet, target: "/v2/"}, func(answer *http.Response) error {
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusUnauthorized {
			return unexpected(answer)
		}
		challenge = answer.Header.Get("Www-Authenticate")
		return nil
	})
	if err != nil || challenge == "" {
		return "", err
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	if !strings.HasPrefix(challenge, "Bearer ") || len(scopes) == 0 {
		return basic, nil
	}
	parameters := challengeParameters(challenge)
	realm, err := url.Parse(parameters["realm"])
	if err != nil {
		return "", err
	}
	query := url.Values{"service": {parameters["service"]}, "scope": scopes}
	token := struct {
		AccessToken string `json:"access_token"`
	}{}
	asked := request{method: http.MethodGet, target: realm.Path + "?" + query.Encode(), authorization: basic}
	err = connect().exchange(asked, func(answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return unexpected(answer)
		}
		return json.NewDecoder(answer.Body).Decode(&token)
	})
	if err == nil && token.AccessToken == "" {
		err = errors.New("the token endpoint gave no access_token")
	}
	return "Bearer " + token.AccessToken, err
}

var parameterPattern = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

func challengeParameters(challenge string) map[string]string {
	found := map[string]string{}
	for _, match := range parameterPattern.FindAllStringSubmatch(challenge, -1) {
		found[match[1]] = match[2]
	}
	return found
}

func unexpected(answer *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
	return fmt.Errorf("answered %s: %s", answer.Status, body)
}
