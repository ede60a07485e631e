// Tells when the resource group costs more than was meant. It stops nothing.

@description('Name of the budget.')
param name string

@minValue(1)
@description('What a month may cost, in the currency of the subscription.')
param amount int

@description('First day of the month in which it begins. Stays as it is once it is there.')
param from string

@description('Who is told, by e-mail.')
param emails string[]

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: from }
    notifications: {
      reached: { enabled: true, operator: 'GreaterThan', threshold: 100, contactEmails: emails }
      forecast: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 120
        thresholdType: 'Forecasted'
        contactEmails: emails
      }
    }
  }
}
